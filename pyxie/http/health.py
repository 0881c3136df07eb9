"""Health, and metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from pyxie import __version__
from pyxie.access.scope import Scope
from pyxie.errors import Problem
from pyxie.http.edge import JSON_TEXT, admitted
from pyxie.http.parts import BUILDS, GATE, INDEX, MACHINES, METRICS, SETTINGS, TROUBLES
from pyxie.http.routing import OPEN, Call, Reply, Routes
from pyxie.http.wrong import wrong

routes = Routes()

_FILES_PROBLEMS: Final = 100
"""That are told; a mistake in one group can be one of each machine."""


def health_at_once(call: Call) -> Reply | None:
    """Return what strangers are told; who may manage is told more, for which one has to wait."""
    caller, gate = call.client.caller, call.app[GATE]()
    if gate.judge(caller.peer, caller.local, call.head.headers, Scope.READ, changes=False).refusal:
        return Reply(JSON_TEXT, _WELL)
    return None


_WELL: Final = json.dumps({"State": "OK"}).encode()


@routes.get("/health", scope=OPEN, at_once=health_at_once)
async def health(request: web.Request) -> web.Response:
    """Tell that pyxie answers; with management access, also what is wrong with it."""
    app = request.app
    body: dict[str, Any] = {"State": "OK"}
    if admitted(request) is None:
        registry = await app[MACHINES].refresh()
        found = await wrong(app, registry)
        body |= {
            "version": __version__,
            "file": str(app[SETTINGS].file.absolute()),
            "machines": len(registry.machines),
            "building": len(app[INDEX].active_now()),
            "in_trouble": await app[TROUBLES].count(),
            "stale": app[INDEX].stale,
            "unsaved": app[BUILDS].unsaved,
            "problems": [*_in_short(found.files), *_in_short(found.media), *found.others],
            "not_in_force": await app[SETTINGS].not_in_force(),
        }
    return web.json_response(body)


def _in_short(problems: Sequence[Problem]) -> list[str]:
    told = [str(problem) for problem in problems[:_FILES_PROBLEMS]]
    if more := len(problems) - len(told):
        told.append(f"{more} more of files: see pyxie check")
    return told


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Give the Prometheus text exposition."""
    await request.app[TROUBLES].count()
    body = request.app[METRICS].text()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})
