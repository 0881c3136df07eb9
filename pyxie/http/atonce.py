"""Answers that are ready are sent at once, in the callback that the request has come in by.

A request that is like one before, of an operation whose answer is made already, needs no parser, no
task and no way through the application. Whatever is not so goes that way, as if this were not here:
docs/decisions/0077-what-is-ready-is-sent-at-once.md. What was answered so to a machine in build
mode is kept as bytes, and sent again while all that it rests on is the same:
docs/decisions/0080-answers-kept-by-head.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from email.utils import formatdate
from functools import partial
from typing import Final

from aiohttp import web

from pyxie.http.awaited import Awaited
from pyxie.http.caller import Client
from pyxie.http.edge import ROUTED, note_at_once
from pyxie.http.filesatonce import FilesAtOnce
from pyxie.http.keptanswers import Kept, KeptAnswers
from pyxie.http.knownheads import Head, KnownHeads
from pyxie.http.outright import Answer, Begins
from pyxie.http.parts import INDEX, INTERFACES, MACHINES, METRICS, RENDERING, SETTINGS
from pyxie.http.paths import Paths
from pyxie.http.routing import OPEN, AtOnce, Call, Reply

log = logging.getLogger(__name__)

_HEAD: Final = "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nDate: "
_SERVER: Final = b"\r\nServer: pyxie\r\n"
_CLOSES: Final = b"Connection: close\r\n"
_END: Final = b"\r\n"


class AnswersAtOnce:
    """Those of an application; `known` are the heads of requests that it takes.

    Args:
        app: Its operations, if it has any, are declared already.
    """

    def __init__(self, app: web.Application) -> None:
        self.known = KnownHeads()
        self._app = app
        self._by_folder: dict[str, tuple[str, AtOnce]] = {}
        self._paths = Paths[AtOnce]()
        self._files = FilesAtOnce(app)
        self._waiting: set[asyncio.Task[None]] = set()
        self._second, self._date = 0, b""
        self._answered: list[tuple[str, str, Client, float]] = []
        """In this turn of the event loop."""
        for operation in app.get(ROUTED, {}).values():
            if operation.sent_at_once is not None:
                self._files.add(operation.path, operation.sent_at_once)
            if operation.at_once is None:
                continue
            # The gate is for who waits.
            assert operation.method == "GET" and operation.scope is OPEN  # noqa: S101, PT018
            folder = operation.path.partition("{")[0]
            if operation.path.count("{") > 1:
                self._paths.add(operation.path, operation.at_once)
            else:
                self._by_folder[folder] = operation.path, operation.at_once
        self._mark: object | None = None
        """Of templates, in this turn: what comes in during it was sent before it began."""
        self._kept: KeptAnswers[Client] | None = None
        if self._by_folder:
            self._kept = KeptAnswers(self._basis, app[INDEX].active)

    def answer(self, data: bytes, client: Client) -> Answer | Begins | None:
        """Return a whole answer, or one to be begun; None where the request goes its usual way.

        Args:
            data: What has come in, on a connection on which nothing else is asked.
            client: Who has sent it.
        """
        if self._kept is None:
            return None
        began = time.perf_counter()
        try:
            kept = self._kept.find(client.via, data)
            if kept is not None:
                kept.tell(client)
                sent = self._sent(kept.head, kept.rest, kept.route, kept.path, client, began)
                return Answer(sent, kept.closes)
            return self._made(self._kept, data, client, began)
        except Exception:
            log.exception("a bug, while answering at once")
            return None

    def _basis(self) -> tuple[object, ...] | None:
        """Return what all that is kept rests on, beside the builds."""
        app = self._app
        if not self._answered:
            self._mark = app[RENDERING].mark()
        if self._mark is None:
            return None
        return self._mark, app[MACHINES](), app[SETTINGS](), app[INTERFACES]()

    def _made(
        self, keep: KeptAnswers[Client], data: bytes, client: Client, began: float
    ) -> Answer | Begins | None:
        """Answer what is not kept, and keep that."""
        head = self.known.read(data)
        if head is None:
            return None
        slash = head.path.rfind("/") + 1
        found = self._by_folder.get(head.path if slash == 1 else head.path[:slash])
        if found is None:
            return self._by_path(head, client, began)
        route, at_once = found
        word = "" if slash == 1 else head.path[slash:]
        reply = at_once(Call(self._app, client, word, head))
        if reply is None:
            return None
        before, after = _parts(reply, head)
        reply.tell(client)
        if reply.build is not None:
            kept = Kept(reply.build, route, head.path, before, after, reply.tell, head.closes)
            keep.keep(client.via, data, kept)
        return Answer(self._sent(before, after, route, head.path, client, began), head.closes)

    def _by_path(self, head: Head, client: Client, began: float) -> Answer | Begins | None:
        """Answer what has several words in its path."""
        found = self._paths.find(head.path)
        if found is None:
            return self._files.answer(head, client, began)
        reply = found.what(Call(self._app, client, "", head, found.words))
        if reply is None:
            return None
        before, after = _parts(reply, head)
        reply.tell(client)
        sent = partial(
            self._sent, before, after, found.route, found.shown(head.path), client, began
        )
        if reply.first is None:
            return Answer(sent(), head.closes)
        return Awaited(reply.first, sent, self._waiting, closes=head.closes)

    async def drain(self, until: float) -> None:
        """Wait for the files that are being sent, but not longer than until then."""
        await self._files.drain(until)
        if self._waiting:
            left = max(0.0, until - asyncio.get_running_loop().time())
            await asyncio.wait(self._waiting, timeout=left)

    def close(self) -> None:
        """Break off what is being sent; count what was answered."""
        self._files.close()
        for each in self._waiting:
            each.cancel()
        self.settle()

    def settle(self) -> None:
        """Count and log what was answered."""
        answered, self._answered = self._answered, []
        seconds = defaultdict[str, list[float]](list)
        for route, path, client, took in answered:
            seconds[route].append(took)
            note_at_once(route, path, client, took)
        for route, each in seconds.items():
            self._app[METRICS].count_http(route, "GET", 200, *each)

    def _sent(
        self, before: bytes, after: bytes, route: str, path: str, client: Client, began: float
    ) -> bytes:
        if not self._answered:
            asyncio.get_running_loop().call_soon(self.settle)
        now = int(time.time())
        if now != self._second:
            self._second, self._date = now, formatdate(now, usegmt=True).encode()
        self._answered.append((route, path, client, time.perf_counter() - began))
        return b"".join((before, self._date, after))


def _parts(reply: Reply, head: Head) -> tuple[bytes, bytes]:
    """Return an answer up to its date, and what follows that."""
    after = _SERVER, _CLOSES if head.closes else b"", _END, reply.body
    return _HEAD.format(reply.kind, len(reply.body)).encode(), b"".join(after)
