"""Why a file is not taken for what it should be. Pure.

Each says in its text what to do, and names the list or the key that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyxie.errors import PyxieError
from pyxie.urls import shown


class VerificationError(PyxieError):
    """A file is not, or cannot be, told to be what was meant; it is not to be served.

    Attributes:
        what: What could not be verified: a URL without secrets, or a file's name.
        why: The reason, fit to be shown.
    """

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what = shown(what) if "://" in what else what
        self.why = why

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class MismatchError(VerificationError):
    """A file has another digest than it should have.

    Attributes:
        wanted: The SHA-256 that it should have, 64 hexadecimal digits; or its SHA-512, 128.
        found: The one that it has.
        by: Where ``wanted`` is from.
        also: What other mirrors gave, of ``tried``, in plain words; empty for nothing.
    """

    def __init__(
        self, what: str, wanted: str, found: str, by: str, tried: Iterable[object] = ()
    ) -> None:
        self.also = "; ".join(map(str, tried))
        why = f"its {algorithm(found)} is {found}, and should be {wanted} by {by}"
        super().__init__(what, f"{why}; {self.also}" if self.also else why)
        self.wanted = wanted
        self.found = found
        self.by = by


def algorithm(digest: str) -> str:
    """Return the name of what a digest is by, which its length tells."""
    return "SHA-512" if len(digest) == 128 else "SHA-256"


class ListError(VerificationError):
    """A list of digests cannot be read, or contradicts itself.

    Attributes:
        line: Counted from 1; 0 for all of it.
    """

    def __init__(self, what: str, line: int, problem: str) -> None:
        super().__init__(what, problem)
        self.line = line

    def __str__(self) -> str:
        place = f"{self.what}:{self.line}" if self.line else self.what
        return f"{place}: {self.why}"


class UnlistedError(VerificationError):
    """A list does not name the file."""


class SignatureError(VerificationError):
    """A signature is not good: of other bytes, by a key that is not in the keyring, or too old."""


class UncheckedError(VerificationError):
    """It could not be checked: there is no program or no keyring for that, or it takes too long."""


class UnreadError(VerificationError):
    """A list, or its signature, is not to be had from its server now."""
