"""The HTTP server: sockets, connections and the application on them."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from pyxie.errors import StartError
from pyxie.http import edge
from pyxie.http.admission import Admission
from pyxie.http.parts import Parts, put
from pyxie.http.routing import Operation, install

log = logging.getLogger(__name__)

_IN_HAND = 2.2
"""Seconds for requests at the end; aiohttp waits twice as long for one that is stuck."""
_IDLE = 75.0
"""Seconds a connection may idle between two requests."""


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """aiohttp's log, without the requests that are not HTTP.

    It would quote them, and there may be a token inside, with a traceback at level error.
    """

    def log(self, level: int, msg: object, *args: object, **named: Any) -> None:
        """Log a record, or a line on what a client did wrong."""
        error = named.get("exc_info")
        if isinstance(error, HttpProcessingError):
            log.debug("%s sent what is not HTTP: %s", args[0], type(error).__name__)
            return
        super().log(level, msg, *args, **named)


def application(
    parts: Parts, declared: Iterable[Operation], admission: Admission
) -> web.Application:
    """Return the whole HTTP side as an aiohttp application.

    Args:
        parts: What handlers use.
        declared: The operations, in the order in which paths are matched.
        admission: Notes each request.
    """
    app = web.Application(middlewares=[edge.record, edge.errors, edge.guard])
    put(app, parts)
    app[edge.ADMISSION] = admission
    app.on_response_prepare.append(_sign)
    app[edge.ROUTED] = install(app.router, declared)
    return app


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    """Say less than aiohttp does; not nothing, which EDK2 dislikes (tianocore/edk2#7443)."""
    response.headers["Server"] = "pyxie"


class HttpServer:
    """A `pyxie.service.Service` around `application`.

    Args:
        app: What is served.
        admission: Counts its connections.
        listen: Addresses; none means all, IPv6 too.
        port: TCP port; 0 takes a free one, for tests.
    """

    name = "http"

    def __init__(
        self,
        app: web.Application,
        admission: Admission,
        listen: tuple[str, ...],
        port: int,
    ) -> None:
        self.port = port
        self._app = app
        self._listen = listen
        self._admission = admission
        self._runner: web.AppRunner | None = None
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> Self:
        factory = await self.set_up()
        loop = asyncio.get_running_loop()
        try:
            for listener in _listeners(self._listen, self.port):
                self._servers.append(
                    await loop.create_server(factory, sock=listener, start_serving=False)
                )
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        self.port = self._servers[0].sockets[0].getsockname()[1]
        return self

    async def set_up(self) -> Callable[[], asyncio.Protocol]:
        """Get ready to serve, on no socket yet; leaving the server undoes it.

        Returns:
            Makes the protocol of one connection, whatever transport that is.
        """
        # aiohttp's own patience with an idle connection is an hour.
        self._runner = web.AppRunner(
            self._app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=_IDLE,
            logger=_Discreet(logging.getLogger("aiohttp.server")),
        )
        await self._runner.setup()
        assert self._runner.server is not None  # noqa: S101
        return self._admission.wrap(self._runner.server)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.close()
        if self._runner is not None:
            await self._runner.shutdown()
            if self._runner.server is not None:
                await self._runner.server.shutdown(0.5)
            await self._runner.cleanup()

    async def serve(self) -> None:
        """Accept connections until cancelled."""
        for server in self._servers:
            await server.start_serving()
        log.info("HTTP on port %d", self.port)
        await asyncio.Event().wait()

    async def drain(self) -> None:
        """Accept no more; wait for the requests in hand."""
        for server in self._servers:
            server.close()
        if self._runner is not None and self._runner.server is not None:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(_IN_HAND)


def _listeners(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """Bind all addresses, or none.

    Raises:
        StartError: One cannot be bound.
    """
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
