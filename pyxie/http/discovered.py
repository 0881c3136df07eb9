"""Unknown machines: their reports, and the REST API of those that were discovered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator

from pyxie.config.validate import Model
from pyxie.config.values import mac as canonical
from pyxie.events.kinds import Discovered
from pyxie.http import answers
from pyxie.http.bodies import large
from pyxie.http.edge import is_unknown, mac_of, peer, text
from pyxie.http.parts import DISCOVERED, DISCOVERY, MACHINES, SETTINGS, TRACE
from pyxie.http.query import Limit, query
from pyxie.http.routing import OPEN, Routes
from pyxie.recognition.discovered import DiscoveredMachine
from pyxie.slices import in_slices

routes = Routes()


@routes.get("/discovered/{mac}", allow_head=False, scope=OPEN)
async def discovered(request: web.Request) -> web.Response:
    """Note what an unknown machine's iPXE reports."""
    mac = mac_of(request)
    if request.app[SETTINGS]().unknown != "discover" or not is_unknown(request, mac):
        raise web.HTTPNotFound(text="no report is expected from this machine\n")
    request.app[DISCOVERY].note(mac, dict(request.query))
    found = request.app[DISCOVERED].of(mac)
    what = Discovered(reported=dict(found.fields) if found else {})
    request.app[TRACE].record(what, mac=mac, peer=str(peer(request)))
    return text("# noted\n")


class OfDiscovered(Model):
    """A page of the discovered machines.

    Attributes:
        limit: How many at most; without, all.
        after: ``next`` of the previous page, a MAC address: continue there.
    """

    limit: Limit | None = None
    after: Annotated[str, AfterValidator(canonical)] | None = None


@routes.get("/api/v1/discovered", query=OfDiscovered, answer=answers.DiscoveredMachines)
async def listing(request: web.Request) -> web.Response:
    """List discovered machines: seen, but without a machine file."""
    of = query(request, OfDiscovered)
    await request.app[MACHINES].refresh()
    found = [
        each
        async for each in in_slices(request.app[DISCOVERED].all())
        if is_unknown(request, each.mac)
    ]
    if of.after is not None or of.limit is not None:
        found = sorted((each for each in found if each.mac > (of.after or "")), key=_by_mac)
    page = found[: of.limit]
    following = page[-1].mac if len(page) < len(found) else None
    return await large(
        request, lambda: {"machines": [_told(each) for each in page], "next": following}
    )


@routes.get("/api/v1/discovered/{mac}", answer=answers.DiscoveredMachine, errors=(404,))
async def one(request: web.Request) -> web.Response:
    """Return what a discovered machine reported about itself."""
    mac = mac_of(request)
    await request.app[MACHINES].refresh()
    found = request.app[DISCOVERED].of(mac)
    if found is None or not is_unknown(request, mac):
        raise web.HTTPNotFound(text=f"{mac} was not discovered, or has a machine file")
    return web.json_response(_told(found))


def _by_mac(machine: DiscoveredMachine) -> str:
    return machine.mac


def _told(machine: DiscoveredMachine) -> dict[str, Any]:
    return {
        "mac": machine.mac,
        "first": machine.first,
        "last": machine.last,
        "told": dict(machine.fields),
        "where": asdict(machine.where) if machine.where is not None else None,
    }
