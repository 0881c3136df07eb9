"""The REST API that the command line uses: status, machines, builds, events; and metrics."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

from aiohttp import web

from pyxie import __version__
from pyxie.builds.life import Build
from pyxie.config.kinds import mac as canonical
from pyxie.http.begin import unknown
from pyxie.http.builds import told
from pyxie.http.edge import SITE, admitted, open_to_all
from pyxie.registry.machine import Machine
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
            "building": sum(build.active for build in _builds(site)),
            "unsaved": site.builds.unsaved,
            "problems": [str(each) for each in registry.problems] + site.loaders.missing(),
        }
    return web.json_response(body)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Give the Prometheus text exposition."""
    body = request.app[SITE].metrics.text()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})


@routes.get("/api/v1/machines")
async def machines(request: web.Request) -> web.Response:
    """List the machines, with the state of each, and what is wrong with files."""
    site = request.app[SITE]
    registry = await site.refresh()
    # A build goes on although its machine's file has broken, or has gone.
    building = {build.host: site.machine_of(build) for build in _builds(site)}
    found = {**building, **registry.machines}
    return web.json_response(
        {
            "machines": [_machine(site, found[host]) for host in sorted(found)],
            "problems": [str(problem) for problem in registry.problems],
        }
    )


@routes.get("/api/v1/machines/{hostname}")
async def machine(request: web.Request) -> web.Response:
    """Tell of one machine, with the history of its builds."""
    site, name = request.app[SITE], request.match_info["hostname"]
    await site.refresh()
    found = site.registry.find(name)
    build = site.builds.of(name.lower())
    if found is None and build is not None:
        found = site.machine_of(build)
    if found is None:
        raise web.HTTPNotFound(text=unknown(name, site.registry.near(name)))
    history = await site.builds.history(found.hostname)
    hooks = await site.hooks.history(found.hostname)
    return web.json_response({**_machine(site, found), "history": history, "hooks": hooks})


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


def _builds(site: Site) -> list[Build]:
    found = (site.builds.of(host) for host in site.builds.status())
    return [build for build in found if build is not None]


def _machine(site: Site, machine: Machine) -> dict[str, Any]:
    build = site.builds.of(machine.hostname)
    return {
        "hostname": machine.hostname,
        "macs": machine.macs,
        "build": told(build) if build else None,
    }
