"""Files as answers: whole, or the range that is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from pyxie.http.progress import Watch
from pyxie.images.upstream import Moved

_KINDS: Final = {".efi": "application/efi"}
"""UEFI HTTP Boot goes by it (UEFI 2.10, 24.7.3)."""
_PIECE: Final = 256 << 10


class WholeFileResponse(web.FileResponse):
    """A file as it is: a client that accepts gzip is not given a ``.gz`` found beside it.

    Args:
        path: A regular file.
        moved: Called with how far it has come, once a second.
    """

    def __init__(self, path: Path, moved: Moved | None = None) -> None:
        kind = _KINDS.get(path.suffix.lower(), "application/octet-stream")
        super().__init__(path, chunk_size=_PIECE, headers={hdrs.CONTENT_TYPE: kind})
        self._moved = moved

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the file, or the range of it that is asked for; a second call does nothing."""
        if self.prepared:
            return await web.StreamResponse.prepare(self, request)
        unwanted = _unwanted(request.headers)
        if "range" not in unwanted and self._lies_beyond(request.headers.get(hdrs.RANGE, "")):
            self.content_length = 0  # of the 416, which would be chunked without it
        if unwanted:
            headers = {
                name: value
                for name, value in request.headers.items()
                if name.lower() not in unwanted and value.isascii()
            }
            request = request.clone(headers=headers)
        if self._moved is None:
            writer = await super().prepare(request)
        else:
            with Watch(request, lambda: self.content_length, self._moved):
                writer = await super().prepare(request)
        if self.status == 200 and request.method == "GET" and self._has_shrunk():
            # Written over while it was sent: the client waits for bytes that never come.
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionAbortedError(f"{self._path} became shorter while it was sent")
        return writer

    def _lies_beyond(self, wanted: str) -> bool:
        one = _RANGE.fullmatch(wanted.strip())
        try:
            return one is not None and bool(one[1]) and int(one[1]) >= self._path.stat().st_size
        except OSError:
            return False

    def _has_shrunk(self) -> bool:
        try:
            return self._path.stat().st_size < (self.content_length or 0)
        except OSError:
            return False  # renamed or removed: what was open could still be read to its end


_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-\d{1,18})", re.ASCII)


def _unwanted(headers: Mapping[str, str]) -> set[str]:
    """Name the headers that aiohttp's answer is better without.

    A range of another unit, of several parts or that is malformed may or must be ignored
    (RFC 9110 section 14.2); aiohttp would refuse it.
    """
    unwanted = {"accept-encoding"} if hdrs.ACCEPT_ENCODING in headers else set()
    if hdrs.RANGE in headers:
        one = _RANGE.fullmatch(headers[hdrs.RANGE].strip())
        if one is None or (one[2] and int(one[1]) > int(one[2])):
            unwanted.add("range")
    return unwanted
