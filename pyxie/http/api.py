"""The REST API that the command line uses: health, builds, events; and metrics."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, Field

from pyxie import __version__
from pyxie.config.validate import Model
from pyxie.config.values import mac as canonical
from pyxie.events.event import Event
from pyxie.http.edge import admitted
from pyxie.http.parts import BUILDS, INDEX, LOADERS, MACHINES, METRICS, SETTINGS, TRACE
from pyxie.http.query import query
from pyxie.http.routing import LINES, OPEN, Routes

routes = Routes()

_HEARTBEAT = 15.0


@routes.get("/health", scope=OPEN)
async def health(request: web.Request) -> web.Response:
    """Tell that pyxie answers; with management access, also what is wrong with it."""
    app = request.app
    body: dict[str, Any] = {"State": "OK"}
    if admitted(request) is None:
        registry = await app[MACHINES].refresh()
        body |= {
            "version": __version__,
            "machines": len(registry.machines),
            "building": len(app[INDEX].active_now()),
            "unsaved": app[BUILDS].unsaved,
            "problems": [
                *map(str, app[SETTINGS].problems),
                *map(str, registry.problems),
                *app[LOADERS].missing(),
            ],
        }
    return web.json_response(body)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Give the Prometheus text exposition."""
    body = request.app[METRICS].text()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})


class OfStream(Model):
    """Which events.

    Attributes:
        host: Only events of this machine.
        mac: Only events of the NIC with this MAC address.
        follow: Keep the connection open, and send new events as they happen.
        progress: With ``follow``, also the progress of long transfers, once a second.
    """

    host: Annotated[str, Field(max_length=253)] = ""
    mac: Annotated[str, AfterValidator(canonical)] | None = None
    follow: bool = False
    progress: bool = False


@routes.get("/api/v1/events", allow_head=False, query=OfStream, answer=LINES)
async def events(request: web.Request) -> web.StreamResponse:
    """Return recent events as JSON lines; with ``follow=1``, new ones too as they happen."""
    trace = request.app[TRACE]
    of = query(request, OfStream)
    host, mac = of.host or None, of.mac
    if host is not None:
        host = request.app[MACHINES]().hostname_of(host)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    with trace.follow(progress=of.progress) as queue:
        recent = trace.recent(host=host, mac=mac)
        await response.prepare(request)
        await response.write(b"".join(_line(event) for event in recent))
        while of.follow:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    event = await queue.get()
            except TimeoutError:
                await response.write(b"\n")  # or a client that left is never noticed
                continue
            if host in (None, event.host) and mac in (None, event.mac):
                await response.write(_line(event))
    await response.write_eof()
    return response


def _line(event: Event) -> bytes:
    return json.dumps(event.members()).encode() + b"\n"
