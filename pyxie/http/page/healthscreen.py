"""The screen Health: what pyxie serves by and where, and what is wrong."""

from __future__ import annotations

from aiohttp import web

from pyxie.http.page.frame import shown
from pyxie.http.page.healthfacts import health_facts
from pyxie.http.page.subscription import subscription
from pyxie.http.routing import Routes

routes = Routes()


@routes.get("/page/health")
async def health(request: web.Request) -> web.Response:
    """Show it."""
    live = subscription(request, "health")
    view = await health_facts(request.app)
    return await shown(request, "health.html.j2", view, title="Health", screen="health", live=live)
