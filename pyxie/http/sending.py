"""A file that is open already, sent without a task: begun in the callback that a request comes by.

It goes out as `pyxie.http.files.send` sends it, and leaves the same traces.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import lru_cache
from typing import Final, NamedTuple, cast

from pyxie.bounds import HTTP_AT_HAND
from pyxie.errors import BusyError
from pyxie.http.about import About, headers_of
from pyxie.http.outflow import Outflow, by_number
from pyxie.http.progress import Watch
from pyxie.images.upstream import Moved
from pyxie.openfile import Descriptor, OpenFile
from pyxie.writers import Writers

log = logging.getLogger(__name__)

LEFT: Final = 499
"""The client left before the end of its answer, as nginx notes it."""
STOPPING: Final = 503
"""The answer was broken off since pyxie stops."""


class FileReply(NamedTuple):
    """A whole file, with status 200.

    Attributes:
        about: What is said of it.
        file: It, open until it is told that it has ended.
        writers: Whose threads send it.
        begun: Takes note that it is about to be sent.
        moved: As of `pyxie.http.files.send`.
        ended: Told once whether all was sent, or that nothing was begun.
    """

    about: About
    file: OpenFile
    writers: Writers
    begun: Callable[[], None]
    moved: Moved
    ended: Callable[[bool], None]


@lru_cache(HTTP_AT_HAND.whole)
def head_of(about: About) -> str:
    """Return what an answer begins with, up to the lines that all have."""
    lines = [f"{name}: {value}" for name, value in headers_of(about).items()]
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, f"Content-Length: {about.size}", ""])


class Sending:
    """One answer under way.

    Args:
        reply: What is sent.
        head: All that goes before it.
        note: Told its status, at its end.
        under_way: It is among these, from its beginning to its end.
        closes: The connection is over with it.
    """

    def __init__(
        self,
        reply: FileReply,
        head: bytes,
        note: Callable[[int], None],
        under_way: set[Sending],
        *,
        closes: bool,
    ) -> None:
        self._reply = reply
        self._head = head
        self._closes = closes
        self._note = note
        self._under_way = under_way
        self._held = ExitStack()
        self._transport: asyncio.Transport
        self._over: Callable[[bool], None]
        self._out: Descriptor
        self._stop: Callable[[], None] = lambda: None
        self._is_over = False

    def begin(self, transport: asyncio.BaseTransport, over: Callable[[bool], None]) -> bool:
        """Send it; False if that cannot be begun, and nothing was told or sent.

        Args:
            transport: Of a connection on which nothing is under way.
            over: Told at the end whether the connection is over, too.
        """
        reply, sock = self._reply, transport.get_extra_info("socket")
        size = reply.about.size
        self._transport, self._over = cast("asyncio.Transport", transport), over
        try:
            if sock is None or reply.writers.is_full:
                raise OSError
            # A number of its own: asyncio watches the other, and closes it when the client leaves.
            self._out = Descriptor(os.dup(sock.fileno()))
            self._held.callback(self._out.close)
        except OSError:
            self._held.close()
            reply.ended(False)
            return False
        self._under_way.add(self)
        reply.begun()
        try:
            # The threads send the head, too: who calls the kernel lets go of Python's lock, and
            # the event loop would have to wait for it.
            flow = Outflow(reply.file, 0, size, head=self._head)
            self._held.enter_context(Watch(transport, lambda: size, reply.moved))
            gone = self._transport.is_closing
            self._stop = reply.writers.begin(self._out, flow.turn, gone, self._ended)
        except (BusyError, OSError) as exc:
            self._ended(exc)
        return True

    def cut(self) -> None:
        """Break it off, as pyxie stops."""
        self._stop()
        # A thread may have it for long, and the client would wait.
        with suppress(OSError), self._out as number, by_number(number) as sock:
            sock.shutdown(socket.SHUT_RDWR)
        self._end(STOPPING)

    def _ended(self, why: BaseException | None) -> None:
        if why is None:
            self._end(200)
            return
        if not isinstance(why, BusyError | OSError):
            log.error("a bug, while sending %s", self._reply.file.path, exc_info=why)
        elif not isinstance(why, ConnectionError | TimeoutError):
            peer = self._transport.get_extra_info("peername")
            client = peer[0] if peer else "a client"
            log.warning("%s was not sent to %s: %s", self._reply.file.path, client, why)
        self._transport.abort()
        self._end(LEFT)

    def _end(self, status: int) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._under_way.discard(self)
        self._held.close()
        self._reply.ended(status == 200)
        self._note(status)
        self._over(self._closes)
