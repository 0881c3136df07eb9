"""The REST API that the command line uses: health, builds, events; and metrics."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

from aiohttp import web

from pyxie import __version__
from pyxie.builds.life import Build
from pyxie.config.kinds import mac as canonical
from pyxie.http.edge import SITE, admitted, open_to_all, peer
from pyxie.http.machines import build_shown, builds_of
from pyxie.http.waitron import begin, host_of
from pyxie.site import Site
from pyxie.trace.events import Event

routes = web.RouteTableDef()

_HEARTBEAT = 15.0


@routes.get("/health")
@open_to_all
async def health(request: web.Request) -> web.Response:
    """Tell that pyxie answers; what is wrong with it, to those who may manage."""
    site = request.app[SITE]
    body: dict[str, Any] = {"State": "OK"}
    if admitted(request) is None:
        registry = await site.refresh()
        body |= {
            "version": __version__,
            "machines": len(registry.machines),
            "building": sum(build.active for build in builds_of(site)),
            "unsaved": site.builds.unsaved,
            "problems": [str(each) for each in registry.problems] + site.loaders.missing(),
        }
    return web.json_response(body)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Give the Prometheus text exposition."""
    body = request.app[SITE].metrics.text()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})


@routes.put("/api/v1/builds/{hostname}")
async def build(request: web.Request) -> web.Response:
    """Put a machine in build mode, in place of any build it is in."""
    started = await begin(request, request.match_info["hostname"])
    return web.json_response({**build_shown(started), "token": started.token})


@routes.delete("/api/v1/builds/{hostname}")
async def cancel(request: web.Request) -> web.Response:
    """Give a machine's build up, without its token."""
    site, active = _active(request)
    await site.builds.cancel(active.host, active.token, str(peer(request)))
    return web.json_response(build_shown(site.builds.of(active.host) or active))


@routes.post("/api/v1/builds/{hostname}/done")
async def done(request: web.Request) -> web.Response:
    """End a machine's build as installed, without its token."""
    site, active = _active(request)
    await site.builds.done(active.host, active.token, str(peer(request)))
    return web.json_response(build_shown(site.builds.of(active.host) or active))


@routes.get("/api/v1/events", allow_head=False)
async def events(request: web.Request) -> web.StreamResponse:
    """Give recent events as JSON lines; with ``follow=1``, also what happens from now on."""
    site = request.app[SITE]
    host, mac = request.query.get("host"), request.query.get("mac")
    if mac is not None:
        try:
            mac = canonical(mac)
        except ValueError as exc:
            raise web.HTTPBadRequest(text=f"mac: {exc}") from exc
    if host is not None:
        found = site.registry.find(host)
        host = found.hostname if found else host.lower()
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    with site.trace.follow() as queue:
        recent = site.trace.recent(host=host, mac=mac)
        await response.prepare(request)
        await response.write(b"".join(_line(event) for event in recent))
        while request.query.get("follow") in ("1", "true"):
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
    return json.dumps(asdict(event)).encode() + b"\n"


def _active(request: web.Request) -> tuple[Site, Build]:
    site, host = request.app[SITE], host_of(request)
    active = site.builds.active(host)
    if active is None:
        near = site.registry.near(host) if site.registry.find(host) is None else []
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        shown = host.encode(errors="backslashreplace").decode()
        raise web.HTTPNotFound(text=f"{shown} is not in build mode{hint}")
    return site, active
