"""The REST API of boot loaders: which there are, for whom, and who signed them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.http import answers
from pyxie.http.bodies import large
from pyxie.http.parts import LOADERS, SETTINGS
from pyxie.http.routing import Routes
from pyxie.loaders.listing import Listed, listed

routes = Routes()


@routes.get("/api/v1/loaders", answer=answers.BootLoaders)
async def listing(request: web.Request) -> web.Response:
    """List boot loaders by client, with their signers, and which are missing."""
    loaders, folder = request.app[LOADERS], request.app[SETTINGS]().ipxe
    return await large(
        request, lambda: {"loaders": [_told(each) for each in listed(loaders, folder)]}
    )


def _told(each: Listed) -> dict[str, Any]:
    return {
        "client": each.client,
        "codes": list(each.codes),
        "name": each.name,
        "path": str(each.path or ""),
        "size": each.size,
        "version": each.version,
        "signers": [
            {
                "name": one.name,
                "ca": one.ca,
                "expires": one.expires.isoformat() if one.expires else None,
            }
            for one in each.signers
        ],
        "usual": each.usual,
        "missing": each.missing,
    }
