"""What a file is to be, by a SHA-256 that is written beside it or a list that names it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from pyxie.outbound.reach import Reach
from pyxie.urls import is_below
from pyxie.verification.digests import plain

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of digests, and how it is known to be right.

    Attributes:
        url: The list; it is for the files of its folder, and below.
        signature: A URL, or `INLINE`; empty for none. Of the release, if there is one.
        keyring: Who may have signed: a file's absolute path, or a name that is looked for.
        release: A Debian archive's ``InRelease`` or ``Release``, which has the list's digest.
        reach: Where all these may lead, by who named them.
        elsewhere: The same list at other mirrors, in their order: for when it does not hold here.
    """

    url: str
    signature: str = ""
    keyring: str = ""
    release: str = ""
    reach: Reach = Reach.ANYWHERE
    elsewhere: tuple[Listed, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSignature:
    """A file's own signature.

    Attributes:
        url: Where it is.
        keyring: As of `Listed`.
        reach: As of `Listed`.
        elsewhere: The same at other mirrors.
    """

    url: str
    keyring: str
    reach: Reach = Reach.ANYWHERE
    elsewhere: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one file is to be; one of these is given, and what stands beside it comes first.

    Attributes:
        sha256: 64 hexadecimal digits in small letters; empty if it is not written.
        sha512: 128 of them, likewise.
        signature: The file's own; None for none.
        listed: The list that has to name it; None for none.
        name: What the list calls it.
        written: Where ``sha256`` is from, in a few words; empty where it stands beside the file.
    """

    sha256: str = ""
    listed: Listed | None = None
    name: str = ""
    written: str = ""
    sha512: str = ""
    signature: OwnSignature | None = None

    @property
    def digest(self) -> str:
        """The one that stands beside it; empty for none."""
        return self.sha256 or self.sha512

    @property
    def in_words(self) -> str:
        """By what it is verified, in a few words."""
        if self.signature is not None:
            return f"{last(self.signature.url)} by one of the keyring {self.signature.keyring}"
        if self.digest or self.listed is None:
            return self.written or ("its 'sha512'" if self.sha512 else "its 'sha256'")
        by = last(self.listed.url)
        if self.listed.release:
            by = f"{by} of {last(self.listed.release)}"
        if not self.listed.signature:
            return f"{by}, which is not signed"
        return f"{by}, signed by one of the keyring {self.listed.keyring}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The digest that a file must have.

    Attributes:
        digest: SHA-256, of 64 hexadecimal digits in small letters, or SHA-512, of 128.
        by: Where it is from, in a few words, as ``SHA256SUMS, signed by …``.
    """

    digest: str
    by: str


def expected(
    url: str,
    sha256: str = "",
    listed: Listed | None = None,
    *,
    sha512: str = "",
    signature: OwnSignature | None = None,
) -> Expected | None:
    """Return what the file at ``url`` is to be; None if nobody says.

    Args:
        url: Of the file.
        sha256: As it is written beside it, if it is.
        sha512: Likewise.
        signature: The file's own, if it is named.
        listed: The list that is named for the machine's files; it counts for those below its
            folder alone.
    """
    name = name_in(listed.url, url) if listed else ""
    known = Expected(sha256=sha256, sha512=sha512, signature=signature)
    if not name:
        return known if known.digest or signature else None
    return replace(known, listed=listed, name=name)


def expected_at(known: Expected, url: str, urls: Iterable[str]) -> Expected:
    """Return what a file is to be, by a list that other mirrors have, too.

    Args:
        known: What it is to be.
        url: The tree that the list is below; another list is its own.
        urls: The same tree everywhere.
    """

    def moved(each: str, to: str) -> str:
        return f"{to}{each.removeprefix(url)}" if is_below(each, url) else each

    signature, listed = known.signature, known.listed
    if signature is not None and is_below(signature.url, url):
        elsewhere = tuple(moved(signature.url, to) for to in urls if to != url)
        known = replace(known, signature=replace(signature, elsewhere=elsewhere))
    if listed is None or not is_below(listed.url, url):
        return known
    others = tuple(
        replace(
            listed,
            url=moved(listed.url, to),
            signature=moved(listed.signature, to),
            release=moved(listed.release, to),
        )
        for to in urls
        if to != url
    )
    return replace(known, listed=replace(listed, elsewhere=others))


def name_in(listed: str, url: str) -> str:
    """Return what a list calls a file: its path below the list's folder; empty if it is not there.

    Whether either is fetched by http or https says nothing of where it is.

    Args:
        listed: The URL of the list, or of a ``Release``.
        url: Of the file.
    """
    try:
        one, other = urlsplit(listed), urlsplit(url)
        if _server(one) != _server(other):
            return ""
    except ValueError:
        return ""
    folder = plain(unquote(one.path.rpartition("/")[0]).lstrip("/"))
    path = plain(unquote(other.path).lstrip("/"))
    if not path or ".." in unquote(one.path).split("/"):
        return ""
    return path.removeprefix(f"{folder}/") if not folder or path.startswith(f"{folder}/") else ""


def last(url: str) -> str:
    """Return what a URL's file is called; the URL itself, if that is nothing."""
    return urlsplit(url).path.rpartition("/")[2] or url


def _server(parts: SplitResult) -> tuple[str, int | None]:
    port = parts.port
    usual = port is None or port == _PORTS.get(parts.scheme)
    return (parts.hostname or "").rstrip("."), None if usual else port
