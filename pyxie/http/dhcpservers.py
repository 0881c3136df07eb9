"""The REST API of the LAN's other DHCP and PXE servers."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from pyxie.dhcp.overheard import Other
from pyxie.http import answers
from pyxie.http.parts import OTHERS
from pyxie.http.routing import Routes

routes = Routes()


@routes.get("/api/v1/dhcp/servers", answer=answers.OtherDhcpServers)
async def listing(request: web.Request) -> web.Response:
    """List other DHCP and PXE servers that were overheard, and what they say to boot."""
    others = request.app[OTHERS]
    found = [_told(each, others.age(each.moment)) for each in others.servers()]
    return web.json_response({"servers": found})


def _told(each: Other, age: float) -> dict[str, Any]:
    return {
        "server": str(each.server),
        "source": str(each.source),
        "interface": each.interface,
        "here": each.here,
        "addresses": each.addresses,
        "kind": each.kind,
        "siaddr": str(each.siaddr),
        "file": each.file,
        "options": {
            "43": each.vendor_options,
            "60": each.vendor_class,
            "66": each.tftp_server,
            "67": each.bootfile,
        },
        "last": time.time() - age,
    }
