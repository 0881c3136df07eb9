"""What a machine boots, as pixiecore's API servers tell it: ``GET /v1/boot/MAC``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web

from pyxie.builds.unasked import check, is_spared
from pyxie.config.values import mac as canonical
from pyxie.http.assigned import assigned
from pyxie.http.edge import base_url
from pyxie.http.parts import INDEX, RECOGNISER, RENDERING
from pyxie.images.spec import Image, Local, OnMedium, Upstream, served_name
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext, build_context
from pyxie.wiping.forecast import Forecast
from pyxie.workers.jobs import Judged


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
    context = build_context(build, machine, base_url(request), mac)
    judged: Judged = "build" if is_spared(build, machine) else "no"
    told, forecast = await offer(request, machine, context, judged)
    check(build, machine, forecast)
    return told


async def offer(
    request: web.Request, machine: Machine, context: BuildContext, judged: Judged
) -> tuple[dict[str, Any], Forecast | None]:
    """Return what ``machine`` boots, pixiecore's way, and what it wipes; raises as `booted`."""
    base = base_url(request)
    found, forecast = await request.app[RENDERING].boot(machine, context, judged=judged)
    told = {
        "kernel": _location(base, machine, "kernel", found.images.kernel),
        "initrd": [
            _location(base, machine, f"initrd/{at}", image)
            for at, image in enumerate(found.images.initrds)
        ],
        "cmdline": found.line,
    }
    return told, forecast


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
