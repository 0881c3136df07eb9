"""Who is refused and has not signed in is led to where one can."""

from __future__ import annotations

from aiohttp import web

from pyxie.http.page.frame import by_htmx
from pyxie.http.page.ownpath import SIGN_IN, path_at, sign_in
from pyxie.http.page.viewer import viewer
from pyxie.http.routing import Handler


@web.middleware
async def for_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lead a browser to the form instead of to a screen that it may not see.

    What is typed into a form stays there: whoever's session ended meanwhile is told so.
    """
    answer = await handler(request)
    if answer.status != 403 or not _is_looked_at(request) or viewer(request).scope is not None:
        return answer
    if not by_htmx(request):
        return _led("Location", sign_in(request.raw_path), 303)
    at = path_at(request.headers.get("Host", ""), request.headers.get("HX-Current-URL", ""))
    return _led("HX-Redirect", sign_in(at or "/"), 403)


def _is_looked_at(request: web.Request) -> bool:
    of_the_page = request.path == "/" or request.path.startswith("/page/")
    asks = by_htmx(request) or "text/html" in request.headers.get("Accept", "")
    return of_the_page and asks and request.path != SIGN_IN and request.method in ("GET", "HEAD")


def _led(header: str, to: str, status: int) -> web.Response:
    return web.Response(status=status, headers={header: to, "Cache-Control": "no-store"})
