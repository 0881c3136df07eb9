"""Files of whoever calls a command, given to a daemon and to nobody else.

The daemon may be another user, in a sandbox, or on another host: it need not be able to read
them, and nobody who may call it can have it read any file of its host's. So the command itself
serves the few that were named, to whoever knows a password that nobody else is told.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

from aiohttp import web

from pyxie.bounds import AT_HAND
from pyxie.errors import BusyError, NotServedError
from pyxie.http.admission import Admission
from pyxie.http.crowd import ConnectionLimits
from pyxie.http.files import held, send
from pyxie.http.gate import Side
from pyxie.http.routing import Handler
from pyxie.http.server import HttpServer
from pyxie.openfile import Descriptor, OpenFile, opened
from pyxie.threads import Pool

_USER: Final = "pyxie"
_MOST_THREADS: Final = 8
_PLAIN: Final = "+@~=,"
"""Of what a path may hold as it is (RFC 3986 section 3.3), what file names have: programs are known
by their names."""
_LIMITS: Final = ConnectionLimits(0, 0, 0, AT_HAND.whole, AT_HAND)


class FilesAtHand:
    """An HTTP server for a few files, on one address and a port of its own.

    Args:
        files: Absolute paths.
        daemon: The URL of the daemon that fetches them.
        kept: Some that are open, for when we are another user, who may not read them.

    Attributes:
        urls: Of each of ``files``, once this is entered.
    """

    def __init__(
        self, files: Sequence[Path], daemon: str, kept: Mapping[Path, OpenFile] | None = None
    ) -> None:
        self._files = tuple(files)
        self._kept = dict(kept or {})
        self._daemon = daemon
        self._password = secrets.token_urlsafe(24)
        self._pool = Pool("files at hand", most=_MOST_THREADS)
        # All come from where the daemon is, and whoever else does must not keep it out.
        self._admission = Admission(lambda: _LIMITS, lambda _peer, _local: Side.HOST)
        app = web.Application(middlewares=[self._noted])
        app.router.add_get("/{at:[0-9]{1,3}}/{name}", self._give)
        self._server = HttpServer(app, self._admission, (), 0)
        self._listening: asyncio.Server | None = None
        self.urls: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        if not self._files:
            return self
        host = _towards(self._daemon)
        factory = await self._server.set_up()
        self._listening = await asyncio.get_running_loop().create_server(factory, host, 0)
        port = self._listening.sockets[0].getsockname()[1]
        place = f"[{host}]" if ":" in host else host
        self.urls = tuple(
            f"http://{_USER}:{self._password}@{place}:{port}/{at}/{quote(file.name, safe=_PLAIN)}"
            for at, file in enumerate(self._files)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._listening is not None:
            self._listening.close()
        await self._server.__aexit__(kind, error, traceback)

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        self._admission.begun(request)
        try:
            return await handler(request)
        finally:
            self._admission.answered(transport)

    async def _give(self, request: web.Request) -> web.StreamResponse:
        wanted = b"Basic " + base64.b64encode(f"{_USER}:{self._password}".encode())
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, wanted):
            raise web.HTTPForbidden
        at = int(request.match_info["at"])
        # What lies beside a file was not named, and a program that asks for it must not get itself.
        if at >= len(self._files) or request.match_info["name"] != self._files[at].name:
            raise web.HTTPNotFound
        try:
            async with held(self._pool, self._open, self._files[at]) as found:
                return await send(request, self._pool, found)
        except NotServedError as exc:
            raise web.HTTPNotFound(reason=exc.why[:100]) from exc
        except BusyError as exc:
            raise web.HTTPServiceUnavailable from exc
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)

    def _open(self, file: Path) -> OpenFile:
        """Open it as it is now, for it may have been replaced."""
        try:
            return opened(file)
        except OSError as exc:
            kept = self._kept.get(file)
            if kept is None or not isinstance(exc, PermissionError):
                why = f"cannot be opened: {exc.strerror}"
                raise NotServedError(file.name, why) from exc
        with kept.descriptor as number:
            return OpenFile(file, Descriptor(os.dup(number)), os.fstat(number))


def _towards(url: str) -> str:
    """Return the address of this host by which the daemon at ``url`` reaches it."""
    parts = urlsplit(url)
    info = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, address = info[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(address)  # of UDP: nothing is sent
        return str(probe.getsockname()[0])
