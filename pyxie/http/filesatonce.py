"""Files that are sent at once, without a task; see `pyxie.http.atonce`."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from email.utils import formatdate
from functools import partial

from aiohttp import web

from pyxie.http.about import is_inert
from pyxie.http.caller import Client
from pyxie.http.edge import note_at_once
from pyxie.http.knownheads import Head
from pyxie.http.parts import METRICS
from pyxie.http.paths import Paths
from pyxie.http.routing import Call, SentAtOnce
from pyxie.http.sending import Sending, head_of


class FilesAtOnce:
    """Those of an application, and what is on its way of them."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._paths = Paths[SentAtOnce]()
        self._under_way: set[Sending] = set()
        self._ended = asyncio.Event()

    def add(self, path: str, sent_at_once: SentAtOnce) -> None:
        """Have an operation's files be sent so.

        Args:
            path: As of `pyxie.http.paths.Paths`.
            sent_at_once: Finds them.
        """
        self._paths.add(path, sent_at_once)

    def answer(self, head: Head, client: Client, began: float) -> Sending | None:
        """Return what answers a request, to be begun; None if it is to go its usual way.

        Args:
            head: Of a plain GET.
            client: Who asks.
            began: When that came, by `time.perf_counter`.
        """
        if head.query:
            return None
        found = self._paths.find(head.path)
        if found is None:
            return None
        reply = found.what(Call(self._app, client, "", head, found.words))
        if reply is None:
            return None
        if not reply.about.size or not is_inert(reply.about.kind):
            reply.ended(False)
            return None
        date = formatdate(int(time.time()), usegmt=True)
        closes = "Connection: close\r\n" if head.closes else ""
        text = f"{head_of(reply.about)}Date: {date}\r\nServer: pyxie\r\n{closes}\r\n"
        note = partial(self._note, found.route, head.path, client, began)
        return Sending(reply, text.encode(), note, self._under_way, closes=head.closes)

    def _note(self, route: str, path: str, client: Client, began: float, status: int) -> None:
        self._ended.set()
        took = time.perf_counter() - began
        note_at_once(route, path, client, took, status)
        self._app[METRICS].count_http(route, "GET", status, took)

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
