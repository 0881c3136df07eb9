"""The REST API of the addresses that pyxie gives, with ``dhcp.mode: serve``."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.http import answers
from pyxie.http.bodies import large
from pyxie.http.parts import LEASES, RECOGNISER, SETTINGS
from pyxie.http.routing import Routes
from pyxie.leasing.leases import Lease
from pyxie.slices import in_slices

routes = Routes()


@routes.get("/api/v1/leases", answer=answers.AddressLeases, errors=(503,))
async def listing(request: web.Request) -> web.Response:
    """List who has which address, where pyxie gives them."""
    dhcp, host_of = request.app[SETTINGS]().dhcp, request.app[RECOGNISER].host_of
    found = [
        _told(each, host_of(each.mac)) async for each in in_slices(await request.app[LEASES].all())
    ]
    whole = {"serves": dhcp.mode == "serve", "range": dhcp.range or "", "leases": found}
    return await large(request, lambda: whole)


def _told(lease: Lease, host: str | None) -> dict[str, Any]:
    return {
        "address": str(lease.address),
        "mac": lease.mac,
        "host": host or "",
        "name": lease.name,
        "expires": lease.expires,
    }
