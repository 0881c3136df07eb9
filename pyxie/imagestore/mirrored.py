"""What is served below ``/mirror``: which paths, and which of them never change. Pure.

The layouts are those of Debian's archives (https://wiki.debian.org/DebianRepository/Format), which
Ubuntu and others share; of RPM's, whose metadata createrepo_c names by their digests; of Alpine's
and of Arch's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote

from pyxie.urls import is_below

_LONGEST: Final = 512
"""Characters of a path as it is asked for; those of Debian's archive have less than 300."""
_SEGMENT: Final = re.compile(
    r"[A-Za-z0-9_+~^:@=,-][A-Za-z0-9._+~^:@=,-]*|\.(?:treeinfo|discinfo|composeinfo)"
)
"""What names consist of. None begins with a dot, and so none leads up; but for three of RPM's
trees, the first of which Anaconda asks for."""
_PLAIN: Final = "/+~^:@=,"
_DIGITS: Final = MappingProxyType(
    {"MD5Sum": 32, "SHA1": 40, "SHA224": 56, "SHA256": 64, "SHA384": 96, "SHA512": 128}
)
_PACKAGE: Final = re.compile(r".+\.(?:u?deb|ddeb|d?rpm|apk|pkg\.tar\.(?:zst|xz))")
"""How packages are called: with their version, and each has another one."""
_METADATA: Final = re.compile(r"([0-9a-f]{40,128})-.+")
"""How createrepo_c calls what ``repomd.xml`` lists."""


def path_of(raw: str) -> str:
    """Return the path below a mirror's URL that is meant, as it stands in a URL.

    Each path has one spelling, so that each file has one copy. A slash that is written as
    ``%2f``, one too many, ``..`` and all that is no name in an archive make it none.

    Args:
        raw: As it was asked for, with what is percent-encoded, without a query.

    Returns:
        Without a slash before it; empty if it is none.
    """
    if len(raw) > _LONGEST or "%2f" in raw.lower():
        return ""
    plain = unquote(raw, errors="replace")
    if not all(_SEGMENT.fullmatch(each) for each in plain.split("/")):
        return ""
    return quote(plain, safe=_PLAIN)


def is_immutable(path: str) -> bool:
    """Tell whether a file never changes: a package, one of a pool, or one named by its digest.

    Everything else is an index, or an image, which is made anew with each release.

    Args:
        path: As of `path_of`.
    """
    *folders, name = path.split("/")
    if _PACKAGE.fullmatch(name) or ("pool" in folders and "dists" not in folders):
        return True
    return bool(_digest(path))


def digest_in(path: str) -> str:
    """Return the SHA-256 that a file must have, for it is named by it; empty if by none.

    Args:
        path: As of `path_of`.
    """
    digest = _digest(path)
    return digest if len(digest) == _DIGITS["SHA256"] else ""


def _digest(path: str) -> str:
    """Return the digest of any kind by which a file is named; empty if it is by none."""
    *folders, name = path.split("/")
    if folders[-1:] == ["repodata"]:
        found = _METADATA.fullmatch(name)
        return found[1] if found and len(found[1]) in _DIGITS.values() else ""
    if folders[-2:-1] != ["by-hash"] or len(name) != _DIGITS.get(folders[-1]):
        return ""
    return "" if set(name) - set("0123456789abcdef") else name


def kept_as(
    url: str, mirror: Mapping[str, Sequence[str]], mirrors: Mapping[str, Sequence[str]]
) -> str:
    """Return the path below ``/mirror`` under which what is at a URL is served; empty if it is not.

    Args:
        url: Where a machine would have it from: a tree, or what is below one. A slash at the end
            of the latter stays.
        mirror: URLs of what is served, by name.
        mirrors: URLs of the same trees that recipes and templates name, by the same names.
    """
    root = url.rstrip("/")
    for name, each in _trees(mirror, mirrors):
        if root == each:
            return name
        if is_below(url, each):
            rest = url.removeprefix(f"{each}/")
            slash = "/" if rest.endswith("/") else ""
            path = path_of(rest.removesuffix("/"))
            return f"{name}/{path}{slash}" if path else ""
    return ""


def _trees(
    mirror: Mapping[str, Sequence[str]], mirrors: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Walk the URLs of all that is served, each with its name; of nested ones the inner first."""
    found = [
        (name, url) for name, urls in mirror.items() for url in (*urls, *mirrors.get(name, ()))
    ]
    yield from sorted(found, key=lambda each: -len(each[1]))
