"""Files that stand in a configuration encoded, as base64 or compressed. Bounded. Pure."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

_LONGEST: Final = 1 << 20
_GZIP: Final = 16 + zlib.MAX_WBITS


def unpacked(content: str, encoding: str) -> str:
    """Return what a file of cloud-init's ``write_files`` holds; empty if it cannot be told.

    Args:
        content: As it stands there.
        encoding: ``b64``, ``gz+b64`` or one of its other words; plain text if empty.
    """
    wrapped = encoding.lower().replace("base64", "b64").replace("gzip", "gz")
    if not wrapped.endswith("b64"):
        return content
    return as_text(from_base64("".join(content.split())), compressed=wrapped.startswith("gz"))


def from_base64(text: str) -> bytes:
    """Return what base64 stands for; nothing if it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def as_text(data: bytes, *, compressed: bool) -> str:
    """Return bytes as a text, the first MiB of those that gzip has compressed."""
    if compressed:
        try:
            data = zlib.decompressobj(_GZIP).decompress(data, _LONGEST)
        except zlib.error:
            return ""
    return data.decode("utf-8", "replace")
