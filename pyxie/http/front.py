"""The front door: what is found at `/`, by those who may look and by those who may not."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from pyxie import __version__
from pyxie.http.edge import admitted
from pyxie.http.page.nowscreen import now
from pyxie.http.routing import OPEN, Routes

routes = Routes()

_STRANGERS: Final = "Machines boot from here over the network.\n"
_WAYS: Final = (
    ("/api/v1/docs", "the REST API, to be read and tried"),
    ("/api/v1/machines", "the machines, and the newest build of each"),
    ("/api/v1/builds", "all builds, newest first"),
    ("/api/v1/events/history", "what happened, newest first"),
    ("/health", "what is wrong with pyxie, if anything"),
    ("/metrics", "for Prometheus"),
)


@routes.get("/", scope=OPEN)
async def front(request: web.Request) -> web.Response:
    """Show what goes on, and tell programs where to go on from here.

    Those who may not look are told that machines boot from here, and by a browser asked to sign in.
    """
    headers = {
        "Cache-Control": "no-store",  # who asks makes the difference
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    by_browser = "text/html" in request.headers.get("Accept", "")
    if (why := admitted(request)) is not None:
        if by_browser:
            raise web.HTTPForbidden(text=why)  # which leads to the form: page/entrance.py
        return web.Response(text=_STRANGERS, headers=headers)
    title = f"pyxie {__version__}"
    if not by_browser:
        lines = [f"{path:24}{what}" for path, what in _WAYS]
        text = "\n".join([title, "", *lines, "", "On this host: pyxie --help", ""])
        return web.Response(text=text, headers=headers)
    return await now(request)
