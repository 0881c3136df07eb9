"""A file into a connection, by the kernel itself (sendfile), in turns of a thread.

What wakes a thread, and has it wait for Python's lock, costs as much as what the kernel does with
half a megabyte. So of a client that takes what it is given a turn goes on in the kernel, which
waits a moment for room by itself; one that is slower has as much as there is room for, and holds
no thread while it takes that: docs/decisions/0081-sent-by-threads-that-share-a-list.md.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from asyncio.trsock import TransportSocket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pyxie.openfile import OpenFile

_AT_ONCE: Final = 8 << 20
"""Bytes that the kernel sends in one call at most: an eighth of a second of the slowest client
for which it waits."""
_TURN: Final = 0.03
"""Seconds after which others have the thread."""
_BRISK: Final = 64 << 20
"""Bytes a second that a client has taken, for the kernel to wait for it: a gigabit's half."""
_MOMENT: Final = struct.pack("@ll", 0, 4000)
"""For how long it waits for room for the next 64 kB: SO_SNDTIMEO, seconds and microseconds. That is
a tick of the kernel's clock, mostly."""


class Outflow:
    """A part of a file that goes into one connection.

    Args:
        file: Of which it is.
        start: The first byte.
        end: The one behind the last.
        clock: Seconds.
        corked: The head of the answer waits for the first of them; see `cork`.
        head: What goes before them.
    """

    __slots__ = (
        *("_at", "_clock", "_corked", "_end", "_file", "_head", "_is_brisk", "_is_timed"),
        "_since",
    )

    def __init__(
        self,
        file: OpenFile,
        start: int,
        end: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        corked: bool = False,
        head: bytes = b"",
    ) -> None:
        self._file = file
        self._at = start
        self._end = end
        self._clock = clock
        self._corked = corked
        self._head = head
        self._is_brisk = True
        self._is_timed = False
        self._since: float | None = None

    def turn(self, number: int) -> bool:
        """Have the kernel send what a connection takes in one turn; for threads.

        Args:
            number: Of the connection, which does not block but in here.

        Returns:
            Whether all of it is sent.

        Raises:
            OSError: The client has left, or the file cannot be read, or has become shorter.
        """
        began, was = self._clock(), self._at
        if self._head:
            self._head = self._head[_send_more(number, self._head) :]
            if self._head:
                return False
        since = began if self._since is None else self._since
        if not self._is_brisk:
            self._since = self._send(number, began + _TURN)
        else:
            if not self._is_timed:
                _have_wait(number)
                self._is_timed = True
            # Reads on the event loop do not wait: they are made when there is something.
            os.set_blocking(number, True)
            try:
                self._since = self._send(number, began + _TURN)
            finally:
                os.set_blocking(number, False)
        self._is_brisk = self._at - was >= _BRISK * (self._since - since)
        return self._at == self._end

    def _send(self, number: int, until: float) -> float:
        """Send until nothing is left, or taken, or it is late; return when that is."""
        while self._at < self._end:
            count = min(self._end - self._at, _AT_ONCE)
            try:
                sent = self._file.give(number, self._at, count)
            except BlockingIOError:
                break
            if not sent:  # written over meanwhile: the client waits for bytes that never come
                raise OSError(0, f"{self._file.path.name} became shorter while it was sent")
            if self._corked:
                uncork(number)
                self._corked = False
            self._at += sent
            if (now := self._clock()) >= until:
                return now
        return self._clock()


@contextmanager
def by_number(number: int) -> Iterator[socket.socket]:
    """Give a connection's socket by its number, which stays somebody else's."""
    sock = socket.socket(fileno=number)
    try:
        yield sock
    finally:
        sock.detach()


def _have_wait(number: int) -> None:
    with by_number(number) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _MOMENT)


def _send_more(number: int, head: bytes) -> int:
    """Send what more comes behind at once; return how much of it is taken."""
    with by_number(number) as sock:
        try:
            return sock.send(head, socket.MSG_MORE | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0


def cork(sock: socket.socket | TransportSocket) -> None:
    """Have the kernel hold back what is less than a packet: tcp(7), TCP_CORK.

    So the head of an answer goes out with the first bytes behind it, and wakes a client once.
    """
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)


def uncork(number: int) -> None:
    """Have a connection's kernel hold nothing back any more; raises OSError."""
    with by_number(number) as sock:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
