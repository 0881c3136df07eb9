"""A file into a connection, by the kernel itself (sendfile), in turns of a thread.

What a turn costs the event loop is as much as what half a megabyte costs the kernel. So a client
that takes what it is given has a long one, in which the thread waits a moment for room; one that
does not is waited for by the event loop, and holds no thread.
"""

from __future__ import annotations

import asyncio
import select
import socket
import time
from asyncio.trsock import TransportSocket
from collections.abc import Callable
from typing import Final, NamedTuple

from pyxie.openfile import Descriptor, OpenFile

_AT_ONCE: Final = 4 << 20
"""Bytes that the kernel sends in one call at most."""
_TURN: Final = 0.03
"""Seconds after which others have the thread."""
_BRISK: Final = 256 << 10
"""Bytes that a client has taken since it was waited for, to be waited for again."""
_MOMENT: Final = 2
"""Milliseconds that a thread waits for a client, which takes them from others."""
_LOOK: Final = 15.0
"""Seconds between looks whether a client that takes nothing is still there. The kernel tells of
most that have left; thousands may wait, and each look costs."""


class Given(NamedTuple):
    """What came of a turn.

    Attributes:
        bytes: That the kernel has taken.
        is_full: It takes no more now.
    """

    bytes: int
    is_full: bool


def give(
    out: Descriptor,
    file: OpenFile,
    start: int,
    count: int,
    clock: Callable[[], float] = time.monotonic,
    *,
    corked: bool = False,
) -> Given:
    """Have the kernel send of a file what a connection takes in one turn; for threads.

    Args:
        out: The connection, which does not block.
        file: Of which it is.
        start: The first byte.
        count: How many bytes, at most.
        clock: Seconds.
        corked: The head of the answer waits for the first of them; see `cork`.

    Raises:
        OSError: The client has left, or the file cannot be read, or has become shorter.
    """
    until, given, since = clock() + _TURN, 0, 0
    with out as number:
        while given < count:
            try:
                sent = file.give(number, start + given, min(count - given, _AT_ONCE))
            except BlockingIOError:
                if since < _BRISK or clock() >= until or not _has_room(number):
                    return Given(given, is_full=True)
                since = 0
                continue
            if not sent:  # written over meanwhile: the client waits for bytes that never come
                raise OSError(0, f"{file.path.name} became shorter while it was sent")
            if corked:
                uncork(number)
                corked = False
            given += sent
            since += sent
            if clock() >= until:
                break
    return Given(given, is_full=False)


def cork(sock: socket.socket | TransportSocket) -> None:
    """Have the kernel hold back what is less than a packet: tcp(7), TCP_CORK.

    So the head of an answer goes out with the first bytes behind it, and wakes a client once.
    """
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)


def uncork(number: int) -> None:
    """Have a connection's kernel hold nothing back any more; raises OSError."""
    sock = socket.socket(fileno=number)
    try:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    finally:
        sock.detach()


def _has_room(number: int) -> bool:
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return bool(poll.poll(_MOMENT))


async def room(out: Descriptor, transport: asyncio.Transport) -> None:
    """Wait until a connection takes more.

    Raises:
        ConnectionResetError: The client has left.
    """
    loop = asyncio.get_running_loop()
    with out as number:
        there_is = False
        while not there_is:
            ready: asyncio.Future[bool] = loop.create_future()
            look = loop.call_later(_LOOK, _tell, ready, False)
            loop.add_writer(number, _tell, ready, True)
            try:
                there_is = await ready
            finally:
                look.cancel()
                loop.remove_writer(number)
            if transport.is_closing():
                raise ConnectionResetError


def _tell(ready: asyncio.Future[bool], there_is: bool) -> None:
    if not ready.done():
        ready.set_result(there_is)
