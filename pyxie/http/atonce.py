"""Answers that are ready are sent at once, in the callback that the request has come in by.

A request that is like one before, of an operation whose answer is made already, needs no parser, no
task and no way through the application. Whatever is not so goes that way, as if this were not here:
docs/decisions/0077-what-is-ready-is-sent-at-once.md.
"""

from __future__ import annotations

import logging
import time
from email.utils import formatdate
from typing import Final

from aiohttp import web

from pyxie.http.caller import Caller
from pyxie.http.edge import ROUTED, note_at_once
from pyxie.http.knownheads import KnownHeads
from pyxie.http.routing import OPEN, AtOnce, Call, Reply

log = logging.getLogger(__name__)

_HEAD: Final = (
    "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nDate: {}\r\nServer: pyxie\r\n\r\n"
)


class AnswersAtOnce:
    """Those of an application; `known` are the heads of requests that it takes.

    Args:
        app: Its operations, if it has any, are declared already.
    """

    def __init__(self, app: web.Application) -> None:
        self.known = KnownHeads()
        self._app = app
        self._by_folder: dict[str, tuple[str, AtOnce]] = {}
        self._at: tuple[int, str] = 0, ""
        for operation in app.get(ROUTED, {}).values():
            if operation.at_once is None:
                continue
            # The gate is for who waits.
            assert operation.method == "GET" and operation.scope is OPEN  # noqa: S101, PT018
            folder = operation.path.partition("{")[0]
            self._by_folder[folder] = operation.path, operation.at_once

    def answer(self, data: bytes, caller: Caller) -> bytes | None:
        """Return a whole answer, or None where the request is to go its usual way.

        Args:
            data: What has come in, on a connection on which nothing else is asked.
            caller: Who has sent it.
        """
        began = time.perf_counter()
        head = self.known.read(data)
        if head is None:
            return None
        slash = head.path.rfind("/") + 1
        found = self._by_folder.get(head.path if slash == 1 else head.path[:slash])
        if found is None:
            return None
        route, at_once = found
        word = "" if slash == 1 else head.path[slash:]
        try:
            reply = at_once(Call(self._app, caller, word, head))
        except Exception:
            log.exception("a bug, while answering %s at once", route)
            return None
        if reply is None:
            return None
        sent = self._written(reply)
        note_at_once(self._app, route, head.path, caller, time.perf_counter() - began)
        return sent

    def _written(self, reply: Reply) -> bytes:
        now = int(time.time())
        if now != self._at[0]:
            self._at = now, formatdate(now, usegmt=True)
        return _HEAD.format(reply.kind, len(reply.body), self._at[1]).encode() + reply.body
