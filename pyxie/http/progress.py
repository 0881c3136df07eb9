"""How far what is sent over HTTP has come, once a second."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Final

from pyxie.events.meter import EVERY, Meter
from pyxie.images.upstream import Moved

_BYTES_ACKED: Final = slice(120, 128)
"""Of linux/tcp.h's ``struct tcp_info``, since Linux 4.1."""


def paced(moved: Moved) -> Moved:
    """Return what may be called after each piece, and calls ``moved`` once a second."""
    clock = asyncio.get_running_loop().time
    pace = Meter(clock())

    def each(sent: int, total: int | None) -> None:
        if pace.due(sent, clock()):
            moved(sent, total)

    return each


class Watch:
    """Tells how far a file has come, while it is entered.

    The kernel sends the file by itself; how much the client has acknowledged is asked of it.
    Where it does not know, ``moved`` is not called.

    Args:
        transport: Of who is sent it; None if that one has left.
        total: The bytes of the answer.
        moved: Called with the bytes so far.
    """

    def __init__(
        self,
        transport: asyncio.BaseTransport | None,
        total: Callable[[], int | None],
        moved: Moved,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = transport.get_extra_info("socket") if transport is not None else None
        self._total = total
        self._moved = paced(moved)
        self._before = 0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        before = acked(self._sock)
        if before is not None:
            self._before = before
            self._again()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _again(self) -> None:
        self._timer = self._loop.call_later(EVERY, self._look)

    def _look(self) -> None:
        now = acked(self._sock)
        if now is None:
            return
        total = self._total()
        sent = now - self._before  # with the head of the answer, some 200 bytes
        self._moved(sent if total is None else min(sent, total), total)
        self._again()


def acked(sock: socket.socket | None) -> int | None:
    """Return how many bytes the other end has acknowledged; None where that is not known."""
    if sock is None:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED.stop)
    except OSError:  # the client has left, or it is no TCP
        return None
    found = info[_BYTES_ACKED]
    return int.from_bytes(found, sys.byteorder) if len(found) == 8 else None
