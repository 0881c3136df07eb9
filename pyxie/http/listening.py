"""The sockets that HTTP connections come in on, and how these are taken from them.

They are taken off the kernel's queue as they come, for it is one for all, and then begun a few at
a time, each address in turn: a flood from some delays itself.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pyxie.bounds import ACCEPTED, ARRIVALS, DESCRIPTORS
from pyxie.errors import StartError
from pyxie.http.arrivals import Arrivals
from pyxie.http.crowd import of_peer
from pyxie.http.gate import Side
from pyxie.openfile import EXHAUSTED
from pyxie.rate import Once

log = logging.getLogger(__name__)

_TAKEN: Final = 128
"""Connections that are taken off the kernel's queue in one turn of the event loop."""
_TRIES: Final = 8
"""To find a port that is free at all addresses."""
_PAUSE: Final = 0.5
"""Seconds until it is tried again where the host has run out of something. The connections
wait in the kernel meanwhile."""


class Listener:
    """Takes connections from one socket, a few a turn of the event loop.

    asyncio's own server takes a hundred at once before anybody can refuse one, and where the host
    has no descriptor left it logs a traceback for each (python/cpython#151615).

    Args:
        sock: Bound and listening; it is closed by `close`.
        factory: Makes a connection's protocol.
        most: Connections that may wait to be begun.
    """

    def __init__(
        self,
        sock: socket.socket,
        factory: Callable[[], asyncio.Protocol],
        most: int = ARRIVALS.whole,
    ) -> None:
        self._sock = sock
        self._factory = factory
        self._loop = asyncio.get_running_loop()
        self._arrivals: Arrivals[socket.socket] = Arrivals(most)
        self._beginning: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._said = Once()

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self._sock.getsockname()[1])

    def serve(self) -> None:
        """Take connections until it is closed."""
        self._pause = None
        self._loop.add_reader(self._sock.fileno(), self._take)

    def close(self) -> None:
        """Take no more; a second call does nothing."""
        if self._pause is not None:
            self._pause.cancel()
        if self._sock.fileno() != -1:
            self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        while (waiting := self._arrivals.next()) is not None:
            waiting.close()

    def _take(self) -> None:
        for _ in range(_TAKEN):
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                break
            except OSError as exc:
                self._rest(exc)
                break
            sock.setblocking(False)
            displaced = self._arrivals.add(of_peer(Side.OTHERS, peer).whose, sock)
            if displaced is not None:
                displaced.close()
        self._begin()

    def _begin(self) -> None:
        """Begin as many of those that wait as may be begun at once."""
        while len(self._beginning) < ACCEPTED.whole:
            sock = self._arrivals.next()
            if sock is None:
                return
            task = self._loop.create_task(self._hand_over(sock))
            self._beginning.add(task)
            task.add_done_callback(self._begun)
        ACCEPTED.reached()

    def _begun(self, task: asyncio.Task[None]) -> None:
        self._beginning.discard(task)
        if len(self._arrivals) and not self._beginning:
            self._begin()  # a few more, in another turn

    async def _hand_over(self, sock: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._factory, sock)
        except OSError as exc:  # the client has left
            log.debug("HTTP: a connection was over before it began: %s", exc)
            sock.close()

    def _rest(self, exc: OSError) -> None:
        """Leave those that wait to the kernel for a moment: it would tell of them at once."""
        if exc.errno in EXHAUSTED:
            DESCRIPTORS.reached()
        if self._said.news(exc.errno, self._loop.time()):
            log.warning(
                "HTTP connections have to wait: %s; see docs/operate.md, Limits", exc.strerror
            )
        self._loop.remove_reader(self._sock.fileno())
        self._pause = self._loop.call_later(_PAUSE, self.serve)


def listeners(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """Bind all addresses, or none.

    Args:
        hosts: The addresses; all of both families if there are none.
        port: The same for all; any that is free if 0.

    Raises:
        StartError: One cannot be bound.
    """
    for _ in range(_TRIES if port == 0 else 0):
        with suppress(StartError):  # what is free for one address, another program has of the next
            return _bound(hosts, port)
    return _bound(hosts, port)


def _bound(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    found: list[socket.socket] = []
    try:
        for host in hosts or ("::", "0.0.0.0"):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            try:
                listener = socket.socket(family, socket.SOCK_STREAM)
            except OSError:
                if hosts:
                    raise
                continue  # a kernel without IPv6
            found.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if port == 0 and len(found) > 1:
                port = found[0].getsockname()[1]
            try:
                listener.bind((host, port))
            except OSError as exc:
                if not hosts and family == socket.AF_INET6 and exc.errno == errno.EADDRNOTAVAIL:
                    found.remove(listener)
                    listener.close()
                    continue  # IPv6 is switched off
                raise StartError(_advice(host, port, exc)) from exc
            listener.listen(1024)
            listener.setblocking(False)
    except BaseException:
        for listener in found:
            listener.close()
        raise
    return found


def _advice(host: str, port: int, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return (
            f"HTTP: TCP port {port} is taken by another program; stop it, or set another "
            "'http: {port: …}' in config.yaml"
        )
    if exc.errno in (errno.EACCES, errno.EPERM):
        return f"HTTP: TCP port {port} needs root or CAP_NET_BIND_SERVICE; set a port above 1023"
    return f"HTTP: cannot listen on {host} port {port}: {exc.strerror}; see 'http.listen'"
