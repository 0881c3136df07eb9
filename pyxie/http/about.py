"""What an answer says of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

from aiohttp import hdrs

from pyxie.bounds import HTTP_AT_HAND
from pyxie.openfile import OpenFile

_KINDS: Final = {".efi": "application/efi"}
"""UEFI HTTP Boot goes by it (UEFI 2.10, 24.7.3)."""
_INERT: Final = frozenset(
    (
        *("application/octet-stream", "application/efi", "text/plain"),
        *("application/json", "application/problem+json"),
    )
)
"""What no browser takes for a page. Firmware gets no header more than it had."""


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a file.

    Attributes:
        size: Bytes.
        kind: Its media type.
        etag: With its quotes; empty for none.
        changed: When it was changed last, in the whole seconds that HTTP has, since the epoch;
            None if that is not known.
    """

    size: int
    kind: str
    etag: str
    changed: int | None


@lru_cache(HTTP_AT_HAND.whole)
def kind_of(name: str, else_: str = "") -> str:
    """Return the media type of a file by its name, else what another server has called it."""
    return _KINDS.get(PurePosixPath(name).suffix.lower(), else_ or "application/octet-stream")


def is_inert(kind: str) -> bool:
    """Tell whether no browser takes a media type for a page."""
    # Of several, which another server may send, browsers take the last.
    return kind.partition(";")[0].strip().lower() in _INERT and "," not in kind


WHOLE: Final[Mapping[str, str]] = {hdrs.ACCEPT_RANGES: "bytes"}


def headers_of(about: About, more: Mapping[str, str] = WHOLE) -> dict[str, str]:
    """Return what an answer says of a file, but for its length.

    Args:
        about: It.
        more: What is said of the part that is sent.
    """
    headers = {hdrs.CONTENT_TYPE: about.kind, **more}
    if about.etag:
        headers[hdrs.ETAG] = about.etag
    if about.changed is not None:
        headers[hdrs.LAST_MODIFIED] = formatdate(about.changed, usegmt=True)
    return headers


def about_of(file: OpenFile) -> About:
    """Return what is said of a file, by what its folder knows."""
    etag = f'"{file.about.st_mtime_ns:x}-{file.size:x}"'
    return About(file.size, kind_of(file.path.name), etag, math.ceil(file.about.st_mtime))
