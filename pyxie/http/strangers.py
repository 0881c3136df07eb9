"""Machines that no file knows: what is asked of them, and what they said."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.events.event import Step
from pyxie.http import answers
from pyxie.http.edge import SITE, mac_of, peer, text
from pyxie.http.lists import OfStrangers
from pyxie.http.query import query
from pyxie.http.routing import OPEN, Routes
from pyxie.registry.strangers import Stranger

routes = Routes()


@routes.get("/discovered/{mac}", allow_head=False, scope=OPEN)
async def discovered(request: web.Request) -> web.Response:
    """Hear from an unknown machine's iPXE what it is."""
    site, mac = request.app[SITE], mac_of(request)
    if site.settings.unknown != "discover" or not site.is_stranger(mac):
        raise web.HTTPNotFound(text="nobody asked\n")
    site.heard(mac, dict(request.query))
    told = site.strangers.of(mac)
    what = " ".join(f"{key}={value!r}" for key, value in (told.told if told else {}).items())
    site.trace.record(Step.DISCOVERED, f"is unknown: {what}", mac=mac, peer=str(peer(request)))
    return text("# noted\n")


@routes.get("/api/v1/discovered", query=OfStrangers, answer=answers.Strangers)
async def listing(request: web.Request) -> web.Response:
    """List discovered machines: heard of, but without a machine file."""
    site, of = request.app[SITE], query(request, OfStrangers)
    await site.refresh()
    found = [each for each in site.strangers.all() if site.is_stranger(each.mac)]
    if of.after is not None or of.limit is not None:
        found = sorted((each for each in found if each.mac > (of.after or "")), key=_by_mac)
    page = found[: of.limit]
    following = page[-1].mac if len(page) < len(found) else None
    return web.json_response({"machines": [_told(each) for each in page], "next": following})


@routes.get("/api/v1/discovered/{mac}", answer=answers.Stranger, errors=(404,))
async def one(request: web.Request) -> web.Response:
    """Return what a discovered machine reported about itself."""
    site, mac = request.app[SITE], mac_of(request)
    await site.refresh()
    found = site.strangers.of(mac)
    if found is None or not site.is_stranger(mac):
        raise web.HTTPNotFound(text=f"{mac} has not been heard, or is known")
    return web.json_response(_told(found))


def _by_mac(stranger: Stranger) -> str:
    return stranger.mac


def _told(stranger: Stranger) -> dict[str, Any]:
    return {
        "mac": stranger.mac,
        "first": stranger.first,
        "last": stranger.last,
        "told": dict(stranger.told),
    }
