"""What a machine boots, as pixiecore's API servers tell it: ``GET /v1/boot/MAC``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from pyxie.builds.assigning import assigned_already
from pyxie.builds.life import Build
from pyxie.builds.unasked import check, is_spared, may
from pyxie.config.values import mac as canonical
from pyxie.http.assigned import assigned
from pyxie.http.edge import JSON_TEXT, base_url, base_url_for
from pyxie.http.parts import DEFINITIONS, INDEX, RECOGNISER, RENDERING
from pyxie.http.routing import Call, Reply
from pyxie.images.spec import Image, Local, OnMedium, Upstream, images_of, served_name
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext, build_context
from pyxie.render.rendering import Boot
from pyxie.wiping.forecast import Forecast
from pyxie.workers.jobs import Judged


def boot_at_once(call: Call) -> Reply | None:
    """Return what `booted` tells of a machine in build mode, as JSON, where it is ready."""
    app = call.app
    try:
        mac = canonical(call.word)
    except ValueError:
        return None
    host = app[RECOGNISER].host_of(mac)
    build = app[INDEX].active(host) if host else None
    machine = assigned_already(app[DEFINITIONS], build, mac) if build is not None else None
    if build is None or machine is None or call.head.query:
        return None
    base = base_url_for(app, call.client.caller)
    context, judged = _asked(build, machine, base, mac)
    line = app[RENDERING].line_ready(machine, context, judged)
    if line is None or not may(build, machine, line.forecast):
        return None
    body = line.derived.get("v1/boot")
    if body is None:
        told = _told(base, machine, Boot(images_of(machine), line.text))
        body = line.derived["v1/boot"] = written(told).encode()
    # Of one that is recognised by more than its NIC, what it reports may make it another's.
    return Reply(JSON_TEXT, body, build if app[RECOGNISER].in_build(mac) is not None else None)


def written(told: Mapping[str, Any]) -> str:
    """Return an answer as waitron writes it."""
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _asked(build: Build, machine: Machine, base: str, mac: str) -> tuple[BuildContext, Judged]:
    context = build_context(build, machine, base, mac)
    return context, "build" if is_spared(build, machine) else "no"


async def booted(request: web.Request) -> dict[str, Any] | None:
    """Return what the MAC in the URL boots, pixiecore's way; None if not in build mode.

    Raises:
        NotServedError: No kernel is named; or it would wipe a disk in a build that did not
            begin so.
        RenderError: The command line cannot be rendered.
    """
    try:
        mac = canonical(request.match_info["mac"])
    except ValueError:
        return None
    host = request.app[RECOGNISER].host_of(mac)
    build = request.app[INDEX].active(host) if host else None
    if build is None:
        return None
    machine = await assigned(request, build, mac)
    if machine is None:
        return None
    context, judged = _asked(build, machine, base_url(request), mac)
    told, forecast = await offer(request, machine, context, judged)
    check(build, machine, forecast)
    return told


async def offer(
    request: web.Request, machine: Machine, context: BuildContext, judged: Judged
) -> tuple[dict[str, Any], Forecast | None]:
    """Return what ``machine`` boots, pixiecore's way, and what it wipes; raises as `booted`."""
    base = base_url(request)
    found, forecast = await request.app[RENDERING].boot(machine, context, judged=judged)
    return _told(base, machine, found), forecast


def _told(base: str, machine: Machine, found: Boot) -> dict[str, Any]:
    return {
        "kernel": _location(base, machine, "kernel", found.images.kernel),
        "initrd": [
            _location(base, machine, f"initrd/{at}", image)
            for at, image in enumerate(found.images.initrds)
        ],
        "cmdline": found.line,
    }


def _location(base: str, machine: Machine, part: str, image: Image) -> str:
    match image:
        case Upstream():
            return image.url
        case OnMedium():
            return f"{base}/media/{quote(image.medium)}/{quote(image.name)}"
        case Local(path=""):
            return f"{base}/images/{quote(image.name)}"
        case Local():  # it may be in no folder that is served as such
            return f"{base}/boot/{machine.hostname}/{part}/{quote(served_name(image))}"
