"""The HTTP server: sockets, connections and the application on them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import HttpVersion11, hdrs, web, web_protocol, web_urldispatcher
from aiohttp.http_exceptions import HttpProcessingError

from pyxie.bounds import ARRIVALS, HTTP_AHEAD, HTTP_IDLE, HTTP_UNREAD
from pyxie.http import edge
from pyxie.http.about import is_inert
from pyxie.http.admission import Admission
from pyxie.http.atonce import AnswersAtOnce
from pyxie.http.listening import Listener, listeners
from pyxie.http.ownathand import AT_HAND, OwnAtHand
from pyxie.http.page import frame
from pyxie.http.page.entrance import for_strangers
from pyxie.http.page.errorpages import for_people
from pyxie.http.parts import POOLS, Parts, put
from pyxie.http.routing import Operation, install
from pyxie.rate import Once

log = logging.getLogger(__name__)

# There is no setting for it. It reads 32 requests ahead, each with half a MB of its body: who does
# not take the first answer would have 15 MB for each connection.
vars(web_protocol)["MAX_MSG_QUEUE_SIZE"] = HTTP_AHEAD.whole


async def _expected(request: web.Request) -> None:
    """Have a client that waits for it send its body.

    What else it expects is passed over (RFC 9110 section 10.1.1). aiohttp quotes it in an answer of
    its own, before we hear of the request, and logs a traceback where it is no text.
    """
    expects = request.headers.get(hdrs.EXPECT, "")
    asked = expects.lower() == "100-continue" and request.version >= HttpVersion11
    if asked and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


# Routes that are made by aiohttp itself, for what is not there, take no other.
vars(web_urldispatcher)["_default_expect_handler"] = _expected

_POLICY: Final = "Content-Security-Policy"
_IN_HAND = 2.2
"""Seconds for requests at the end; aiohttp waits twice as long for one that is stuck."""
_LEAST: Final = 0.1
"""Of them for what is not answered at once, if files took the others."""


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """aiohttp's log, without the requests that are not HTTP.

    It would quote them, and there may be a token inside, with a traceback at level error.
    """

    def log(self, level: int, msg: object, *args: object, **named: Any) -> None:
        """Log a record, or a line on what a client did wrong."""
        error = named.get("exc_info")
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
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
    app = web.Application(
        middlewares=[
            *(edge.record, edge.spaced),
            *(for_people, for_strangers),
            *(edge.errors, edge.guard),
        ]
    )
    put(app, parts)
    app[edge.ADMISSION] = admission
    app[edge.REFUSED] = Once()
    app[AT_HAND] = OwnAtHand()
    app.on_response_prepare.append(_sign)
    app[edge.ROUTED] = install(app.router, declared)
    app.on_startup.append(_page_read)
    return app


async def _page_read(app: web.Application) -> None:
    await app[POOLS].pages.run(frame.load)


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    """Say less than aiohttp does; not nothing, which EDK2 dislikes (tianocore/edk2#7443)."""
    response.headers["Server"] = "pyxie"
    kind = response.headers.get("Content-Type", "application/octet-stream")
    if not is_inert(kind) and _POLICY not in response.headers:
        # A page of a mirror's, or of a medium's, is at our address, and its scripts might call our
        # API as whoever reads it: so it is made a page of nobody's, without scripts.
        response.headers[_POLICY] = "sandbox"
        response.headers["X-Content-Type-Options"] = "nosniff"


class HttpServer:
    """A `pyxie.service.Service` around `application`.

    Args:
        app: What is served.
        admission: Counts its connections.
        listen: Addresses; none means all, IPv6 too.
        port: TCP port; 0 takes a free one, for tests.
        arrivals: Connections that may wait to be begun, on each socket that listens.
    """

    name = "http"

    def __init__(
        self,
        app: web.Application,
        admission: Admission,
        listen: tuple[str, ...],
        port: int,
        arrivals: int = ARRIVALS.whole,
    ) -> None:
        self.port = port
        self._arrivals = arrivals
        self._app = app
        self._listen = listen
        self._admission = admission
        self._runner: web.AppRunner | None = None
        self._listeners: list[Listener] = []
        self._answers: AnswersAtOnce | None = None

    async def __aenter__(self) -> Self:
        factory = await self.set_up()
        try:
            self._listeners = [
                Listener(each, factory, self._arrivals)
                for each in listeners(self._listen, self.port)
            ]
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        self.port = self._listeners[0].port
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
            keepalive_timeout=HTTP_IDLE.most,
            logger=_Discreet(logging.getLogger("aiohttp.server")),
            read_bufsize=HTTP_UNREAD.whole // 2,  # it stops at twice as much
            auto_decompress=False,  # what is small packed may be large unpacked: edge.guard
        )
        await self._runner.setup()
        assert self._runner.server is not None  # noqa: S101
        self._answers = AnswersAtOnce(self._app)
        return self._admission.wrap(self._runner.server, self._answers)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in self._listeners:
            each.close()
        if self._runner is not None:
            await self._runner.shutdown()
            if self._runner.server is not None:
                await self._runner.server.shutdown(0.5)
            await self._runner.cleanup()
        if self._answers is not None:
            self._answers.close()
        if AT_HAND in self._app:
            self._app[AT_HAND].clear()

    async def serve(self) -> None:
        """Accept connections until cancelled."""
        for each in self._listeners:
            each.serve()
        log.info("HTTP on port %d", self.port)
        await asyncio.Event().wait()

    async def drain(self) -> None:
        """Accept no more; wait for the requests in hand."""
        for each in self._listeners:
            each.close()
        clock = asyncio.get_running_loop().time
        until = clock() + _IN_HAND
        if self._answers is not None:
            # Before aiohttp ends connections on which it knows of nothing.
            await self._answers.drain(until)
        if self._runner is not None and self._runner.server is not None:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(max(_LEAST, until - clock()))
