"""Files that are sent at once, without a task; see `pyxie.http.atonce`."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import Final

from aiohttp import web

from pyxie.http.about import is_inert
from pyxie.http.caller import Client
from pyxie.http.edge import note_at_once
from pyxie.http.knownheads import Head
from pyxie.http.parts import METRICS
from pyxie.http.routing import Call, SentAtOnce
from pyxie.http.sending import Sending, head_of

_PATTERN: Final = re.compile(r"\{(\w+)(:[^}]*)?\}")


class FilesAtOnce:
    """Those of an application, and what is on its way of them."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._paths: list[tuple[re.Pattern[str], str, SentAtOnce]] = []
        self._under_way: set[Sending] = set()
        self._ended = asyncio.Event()

    def add(self, path: str, sent_at_once: SentAtOnce) -> None:
        """Have an operation's files be sent so.

        Args:
            path: As aiohttp writes patterns; what stands for one has no slash here.
            sent_at_once: Finds them.
        """
        route = _PATTERN.sub(r"{\1}", path)
        matched = re.compile(_PATTERN.sub(r"(?P<\1>[^/]+)", path))
        self._paths.append((matched, route, sent_at_once))

    def answer(self, head: Head, client: Client, began: float) -> Sending | None:
        """Return what answers a request, to be begun; None if it is to go its usual way.

        Args:
            head: Of a plain GET.
            client: Who asks.
            began: When that came, by `time.perf_counter`.
        """
        if head.query:
            return None
        for matched, route, sent_at_once in self._paths:
            found = matched.fullmatch(head.path)
            if found is None:
                continue
            reply = sent_at_once(Call(self._app, client, "", head, found.groupdict()))
            if reply is None:
                return None
            if not reply.about.size or not is_inert(reply.about.kind):
                reply.ended(False)
                return None
            date = formatdate(int(time.time()), usegmt=True)
            closes = "Connection: close\r\n" if head.closes else ""
            text = f"{head_of(reply.about)}Date: {date}\r\nServer: pyxie\r\n{closes}\r\n"
            note = partial(self._note, route, head.path, client, began)
            return Sending(reply, text.encode(), note, self._under_way, closes=head.closes)
        return None

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
