"""The screen Now: what is being installed."""

from __future__ import annotations

import time

from aiohttp import web

from pyxie.http.page.frame import shown
from pyxie.http.page.nowview import now_view
from pyxie.http.parts import INDEX


async def now(request: web.Request) -> web.Response:
    """Show it; for `pyxie.http.front`, which knows who asks."""
    view = now_view(tuple(request.app[INDEX].active_now()), time.time())
    return await shown(request, "now.html.j2", view, title="Now", screen="now")
