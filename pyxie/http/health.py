"""Health, and metrics."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie import __version__
from pyxie.builds.life import State
from pyxie.http.edge import admitted
from pyxie.http.parts import (
    BUILDS,
    INDEX,
    LOADERS,
    MACHINES,
    METRICS,
    RENDERING,
    SETTINGS,
    STATE,
    TROUBLES,
)
from pyxie.http.routing import OPEN, Routes

routes = Routes()


@routes.get("/health", scope=OPEN)
async def health(request: web.Request) -> web.Response:
    """Tell that pyxie answers; with management access, also what is wrong with it."""
    app = request.app
    body: dict[str, Any] = {"State": "OK"}
    if admitted(request) is None:
        registry = await app[MACHINES].refresh()
        body |= {
            "version": __version__,
            "file": str(app[SETTINGS].file.absolute()),
            "machines": len(registry.machines),
            "building": len(app[INDEX].active_now()),
            "in_trouble": app[TROUBLES].count(),
            "stale": sum(build.state is State.STALE for build in app[INDEX].active_now()),
            "unsaved": app[BUILDS].unsaved,
            "problems": [
                *map(str, app[SETTINGS].problems),
                *map(str, registry.problems),
                *app[LOADERS].missing(),
                *filter(None, [app[STATE].problem, app[BUILDS].problem]),
                *app[RENDERING].problems,
            ],
            "not_in_force": await app[SETTINGS].not_in_force(),
        }
    return web.json_response(body)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Give the Prometheus text exposition."""
    body = request.app[METRICS].text()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})
