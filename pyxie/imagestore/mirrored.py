"""What is served below ``/mirror``: which paths, and which of them never change. Pure.

The layout is that of Debian's archives (https://wiki.debian.org/DebianRepository/Format), which
Ubuntu and others share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote

_LONGEST: Final = 512
"""Characters of a path as it is asked for; those of Debian's archive have less than 300."""
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_+~:@=,-][A-Za-z0-9._+~:@=,-]*")
"""What names consist of. None begins with a dot, and so none leads up."""
_PLAIN: Final = "/+~:@=,"
_DIGITS: Final = MappingProxyType(
    {"MD5Sum": 32, "SHA1": 40, "SHA224": 56, "SHA256": 64, "SHA384": 96, "SHA512": 128}
)
_ELSE: Final = MappingProxyType({"debian": ("http://mirrors.kernel.org/debian",)})
"""What templates take where a machine names no mirror, and that no setting names."""


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
    """Tell whether a file never changes: one of a pool, or one that is named by its digest.

    Everything else of an archive is an index, which is signed anew with each release.

    Args:
        path: As of `path_of`.
    """
    *folders, name = path.split("/")
    if "dists" not in folders:
        return "pool" in folders
    if folders[-2:-1] != ["by-hash"]:
        return False
    return len(name) == _DIGITS.get(folders[-1]) and not set(name) - set("0123456789abcdef")


def digest_in(path: str) -> str:
    """Return the SHA-256 that a file must have, for it is named by it; empty if by none.

    Args:
        path: As of `path_of`.
    """
    *folders, name = path.split("/")
    return name if folders[-2:] == ["by-hash", "SHA256"] and is_immutable(path) else ""


def kept_as(
    url: str, mirror: Mapping[str, Sequence[str]], mirrors: Mapping[str, Sequence[str]]
) -> str:
    """Return the name below ``/mirror`` under which a tree is served; empty if it is not.

    Args:
        url: Where a machine would have its packages from.
        mirror: URLs of what is served, by name.
        mirrors: URLs of the same trees that recipes name, by the same names.
    """
    root = url.rstrip("/")
    for name, urls in mirror.items():
        if root in (*urls, *mirrors.get(name, ()), *_ELSE.get(name, ())):
            return name
    return ""
