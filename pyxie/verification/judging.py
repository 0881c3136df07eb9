"""What ``gpgv`` and ``sqv`` say of a signature. Pure.

A file may be signed by several keys, as Debian's ``InRelease`` is by those of two releases, and
a keyring need not have them all: one good signature is enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_STATUS: Final = re.compile(r"\[GNUPG:\] ([A-Z_]+)(?: (.*))?")
_FINGERPRINT: Final = re.compile(r"(?:[0-9A-F]{40}|[0-9A-F]{64})")
_LONGEST: Final = 200
_MOST: Final = 8
"""Keys that are named."""


@dataclass(frozen=True, slots=True)
class Good:
    """At least one signature is good.

    Attributes:
        keys: The fingerprints of those that made good ones.
    """

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bad:
    """It is not good.

    Attributes:
        why: In a sentence without its subject.
    """

    why: str


Verdict = Good | Bad

_WHY: Final[Mapping[str, str]] = {
    "BADSIG": "is signed, but not what was sent: it was changed",
    "EXPSIG": "has a signature that has expired",
    "EXPKEYSIG": "is signed by a key that has expired; a newer keyring may have it",
    "REVKEYSIG": "is signed by a key that was revoked",
    "NO_PUBKEY": "is signed by a key that is not in the keyring",
    "ERRSIG": "has a signature that cannot be checked",
    "NODATA": "has no signature in it",
}
"""Why, by the status of a signature (GnuPG: doc/DETAILS), the worst first."""


def by_gpgv(code: int, output: str) -> Verdict:
    """Judge by what ``gpgv --status-fd`` wrote, for its exit code is also of unknown keys.

    Args:
        code: As it ended.
        output: Its status lines.
    """
    told: dict[str, str] = {}
    good: dict[str, None] = {}
    last = ""
    for line in output.split("\n"):
        match = _STATUS.fullmatch(line)
        if match is None:
            continue
        word, rest = match[1], match[2] or ""
        first = rest.partition(" ")[0]
        if word == "NEWSIG":
            last = ""
        # VALIDSIG comes after EXPKEYSIG and REVKEYSIG too: what counts is the one before it.
        if word == "VALIDSIG" and last == "GOODSIG" and _FINGERPRINT.fullmatch(first):
            good[first] = None
        if word in ("GOODSIG", *_WHY):
            last = word
            told.setdefault(word, first)
    if good and code in (0, 1, 2):  # 1 and 2 are of another signature
        return Good(tuple(good)[:_MOST])
    for word, why in _WHY.items():
        if word in told:
            key = told[word] if re.fullmatch("[0-9A-F]{16,64}", told[word]) else ""
            return Bad(f"{why} ({key})" if key else why)
    return Bad(f"could not be checked: gpgv ended with {code}")


def by_sqv(code: int, output: str) -> Verdict:
    """Judge by how ``sqv`` ended, which is well only with a good signature.

    Args:
        code: As it ended.
        output: The fingerprints of the keys of good ones, a line each; its complaints.
    """
    lines = [line.strip() for line in output.split("\n") if line.strip()]
    keys = tuple(dict.fromkeys(line for line in lines if _FINGERPRINT.fullmatch(line)))
    if code == 0 and keys:
        return Good(keys[:_MOST])
    last = next((line for line in reversed(lines) if not _FINGERPRINT.fullmatch(line)), "")
    said = "".join(each if each.isprintable() else "?" for each in last[:_LONGEST])
    return Bad(
        f"is not signed well: sqv says {said!r}"
        if said
        else f"is not signed well: sqv ended with {code}"
    )


JUDGES: Final[Mapping[str, Callable[[int, str], Verdict]]] = {"sqv": by_sqv, "gpgv": by_gpgv}
"""By the program's name, the one that is preferred first."""
