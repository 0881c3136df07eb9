"""How much a client may send that is neither a request nor a part of its body.

aiohttp bounds each line of a head, and their number, which together is two megabytes in memory; a
chunked body's trailers (RFC 9112 section 7.1.2) as well. It tells of a head once it is whole.
"""

from __future__ import annotations

from typing import Final

from aiohttp import StreamReader, web

from pyxie.bounds import HTTP_AHEAD, HTTP_HEAD
from pyxie.http.knownheads import is_whole

PIECE: Final = 8_192
"""Bytes that aiohttp is given at once: asyncio reads up to 256 KiB."""


class Heads:
    """Hands on what comes in on one connection, as long as it leads to something.

    Attributes:
        clean: All that came were whole heads, each by itself, of requests without a body; so what
            comes next begins one.

    Args:
        handler: aiohttp's.
        most: Bytes without a request, or a byte of a body.
    """

    __slots__ = ("_bytes", "_handler", "_most", "_payload", "_seen", "clean")

    def __init__(self, handler: web.RequestHandler, most: int = HTTP_HEAD.whole) -> None:
        self._handler = handler
        self._most = most
        self._bytes = 0
        self._payload: StreamReader | None = None
        self._seen = 0
        self.clean = True

    def waits(self) -> bool:
        """Tell whether aiohttp waits for a request, having answered all before."""
        waiter = self._handler._waiter  # noqa: SLF001 - as below
        return waiter is not None and not waiter.done()

    def passed_by(self) -> None:
        """Have aiohttp not end an idle connection, before it has answered another request.

        One was answered that it has not seen.
        """
        self._handler.keep_alive(val=True)

    def feed(self, data: bytes) -> bool:
        """Hand on what has come; False if it is too much, of which the rest is dropped."""
        if len(data) <= PIECE:
            return self._feed(data)
        return all(self._feed(data[at : at + PIECE]) for at in range(0, len(data), PIECE))

    def _feed(self, data: bytes) -> bool:
        waiting = self._handler._messages  # noqa: SLF001 - aiohttp has no other word of it
        before = len(waiting)
        self._handler.data_received(data)
        if self.clean:
            one = len(waiting) == before + 1 and waiting[-1][1].is_eof()
            self.clean = one and is_whole(data) and not self._handler._upgraded  # noqa: SLF001
        payload = self._payload
        if len(waiting) > before:
            payload = self._payload = waiting[-1][1]
            self._bytes = self._seen = 0
        elif payload is None or payload.total_bytes == self._seen:
            # Where it has stopped to read, the rest of what was read already waits.
            self._bytes = 0 if len(waiting) >= HTTP_AHEAD.whole else self._bytes + len(data)
        else:
            self._bytes = 0
        if payload is not None:
            self._seen = payload.total_bytes
        return self._bytes <= self._most
