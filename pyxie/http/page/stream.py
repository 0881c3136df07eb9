"""What changes on a screen, as long as it is open: server-sent events for htmx."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Final

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.http.edge import judged
from pyxie.http.page.contentpolicy import HEADERS
from pyxie.http.page.framelive import FrameLive
from pyxie.http.page.healthlive import HealthLive
from pyxie.http.page.imagesscreen import images_live
from pyxie.http.page.live import Live
from pyxie.http.page.machinelive import MachineLive
from pyxie.http.page.machineslive import MachinesLive
from pyxie.http.page.nowscreen import now_live
from pyxie.http.page.serverevents import place, retry
from pyxie.http.page.show import BEATS
from pyxie.http.page.subscription import PATH, SCREEN, SINCE
from pyxie.http.page.viewer import viewer
from pyxie.http.page.waitingscreen import waiting_live
from pyxie.http.parts import AUDIENCE
from pyxie.http.routing import Routes

routes = Routes()

LIVES: Final[Mapping[str, Callable[[web.Request], Live]]] = MappingProxyType(
    {
        "now": now_live,
        "waiting": waiting_live,
        "machines": MachinesLive,
        "machine": MachineLive,
        "images": images_live,
        "health": lambda request: HealthLive(request.app),
    }
)
"""What makes a screen's `Live` of a request whose query is that screen's, by the names of screens.

Raises:
    HTTPException: There is no such screen.
"""

_AGAIN: Final = 2.0
"""Seconds after which a browser comes back whose connection has ended."""
_KIND: Final = {
    **HEADERS,
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold back what comes bit by bit
}


@routes.get(PATH, allow_head=False)
async def stream(request: web.Request) -> web.StreamResponse:
    """Send what changes on a screen, from where the page stands; until its reader may not look."""
    audience, who = request.app[AUDIENCE], viewer(request)
    name = request.query.get(SCREEN, "")
    if name not in LIVES:
        raise web.HTTPNotFound(text=f"no screen is called {name[:100]!a}")
    since = place(request.headers.get("Last-Event-ID") or request.query.get(SINCE, ""))
    asked = request.clone(rel_url=request.rel_url.without_query_params(SCREEN, SINCE))
    live = FrameLive(request.app, LIVES[name](asked))
    shown = (name, tuple(sorted(asked.query.items())), who.scope)
    response = web.StreamResponse(headers=_KIND)
    loop = asyncio.get_running_loop()
    with audience.seat(shown, live, who) as show:
        await response.prepare(request)
        await response.write(retry(_AGAIN))
        looked = loop.time()
        async with aclosing(audience.changes(show, since)) as changes:
            async for more in changes:
                if loop.time() - looked >= BEATS:
                    if judged(request, Scope.READ).refusal is not None:
                        break  # the token was revoked, say
                    looked = loop.time()
                await response.write(more)
    return response
