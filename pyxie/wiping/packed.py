"""Files that stand in a configuration encoded, as base64 or compressed. Bounded. Pure."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from pyxie.bounds import WIPING_PACKED

_GZIP: Final = 16 + zlib.MAX_WBITS


class Unpacking:
    """Unpacks the files of one text, up to a bound for all of them: gzip makes a MiB of a KiB.

    Attributes:
        is_over: There was more, so what the text does cannot be told by what was read of it.
    """

    def __init__(self) -> None:
        self._left = WIPING_PACKED.whole
        self.is_over = False

    def content(self, content: str, encoding: str) -> str:
        """Return what a file of cloud-init's ``write_files`` holds; empty if it cannot be told.

        Args:
            content: As it stands there.
            encoding: ``b64``, ``gz+b64`` or one of its other words; plain text if empty.
        """
        wrapped = encoding.lower().replace("base64", "b64").replace("gzip", "gz")
        if not wrapped.endswith("b64"):
            return content
        data = from_base64("".join(content.split()))
        return self.text(data, compressed=wrapped.startswith("gz"))

    def text(self, data: bytes, *, compressed: bool) -> str:
        """Return bytes as a text, what gzip has compressed among them; the first of too many."""
        if compressed:
            try:
                data = zlib.decompressobj(_GZIP).decompress(data, self._left + 1)
            except zlib.error:
                return ""
        if len(data) > self._left:
            WIPING_PACKED.reached()
            self.is_over = True
        data = data[: self._left]
        self._left -= len(data)
        return data.decode("utf-8", "replace")


def from_base64(text: str) -> bytes:
    """Return what base64 stands for; nothing if it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
