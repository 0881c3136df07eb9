"""Files that are sent at once, without a task; see `pyxie.http.atonce`.

What a head means is kept, as answers are; whether that file is at hand, is as it was, and may be
sent, is asked at each request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from pyxie.bounds import HTTP_MEANT, HTTP_MEANT_HEADS
from pyxie.builds.life import Build
from pyxie.http.about import is_inert
from pyxie.http.caller import Client
from pyxie.http.dates import Dates
from pyxie.http.edge import note_at_once
from pyxie.http.keptanswers import KeptAnswers
from pyxie.http.knownheads import Head
from pyxie.http.parts import INDEX, MACHINES, METRICS, SETTINGS
from pyxie.http.paths import Paths
from pyxie.http.routing import Call, SentAtOnce
from pyxie.http.sending import FileReply, Sending, head_of

_END: Final = b"\r\nServer: pyxie\r\n\r\n"
_CLOSES: Final = b"\r\nServer: pyxie\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, eq=False, slots=True)
class _Meant:
    """A file that a head asks for.

    Attributes:
        build: For which a machine is given it.
        get: Returns it for who asks, where it is at hand.
        route: As it is counted.
        path: Which was asked for.
        closes: The connection is over with it.
    """

    build: Build
    get: Callable[[Client], FileReply | None]
    route: str
    path: str
    closes: bool


class FilesAtOnce:
    """Those of an application, and what is on its way of them."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._paths = Paths[SentAtOnce]()
        self._kept = KeptAnswers[_Meant](self._basis, self._active, HTTP_MEANT, HTTP_MEANT_HEADS)
        self._dates = Dates()
        self._under_way: set[Sending] = set()
        self._ended = asyncio.Event()

    def add(self, path: str, sent_at_once: SentAtOnce) -> None:
        """Have an operation's files be sent so.

        Args:
            path: As of `pyxie.http.paths.Paths`.
            sent_at_once: Finds them.
        """
        self._paths.add(path, sent_at_once)

    def known(self, data: bytes, client: Client) -> _Meant | None:
        """Return which file a head asks for, if that is known.

        Args:
            data: All of it.
            client: Who asks.
        """
        return self._kept.find(client.via, data)

    def answer(self, data: bytes, head: Head, client: Client, began: float) -> Sending | None:
        """Return what answers a request, to be begun; None if it is to go its usual way.

        Args:
            data: Its head.
            head: The same, of a plain GET.
            client: Who asks.
            began: When that came, by `time.perf_counter`.
        """
        if head.query:
            return None
        found = self._paths.find(head.path)
        if found is None:
            return None
        asked = found.what(Call(self._app, client, "", head, found.words))
        if asked is None:
            return None
        meant = _Meant(asked.build, asked.get, found.route, head.path, head.closes)
        self._kept.keep(client.via, data, meant)
        return self.sending(meant, client, began)

    def sending(self, meant: _Meant, client: Client, began: float) -> Sending | None:
        """Return what answers a request for a file, as `answer` does."""
        reply = meant.get(client)
        if reply is None:
            return None
        if not reply.about.size or not is_inert(reply.about.kind):
            reply.ended(False)
            return None
        end = _CLOSES if meant.closes else _END
        head = b"".join((head_of(reply.about), self._dates.at(time.time()), end))
        note = partial(self._note, meant, client, began)
        return Sending(reply, head, note, self._under_way, closes=meant.closes)

    def _basis(self) -> tuple[object, ...]:
        """Return what all that heads mean rests on, beside the builds."""
        return self._app[MACHINES](), self._app[SETTINGS]()

    def _active(self, host: str) -> Build | None:
        return self._app[INDEX].active(host)

    def _note(self, meant: _Meant, client: Client, began: float, status: int) -> None:
        self._ended.set()
        took = time.perf_counter() - began
        note_at_once(meant.route, meant.path, client, took, status)
        self._app[METRICS].count_http(meant.route, "GET", status, took)

    async def drain(self, until: float) -> None:
        """Wait until nothing is on its way, but not longer than until then.

        Args:
            until: By the event loop's clock.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                while self._under_way:
                    self._ended.clear()
                    await self._ended.wait()

    def close(self) -> None:
        """Break off what is on its way."""
        for each in list(self._under_way):
            each.cut()
