"""The REST API of tokens and of the audit log."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field

from pyxie.access.scope import Scope
from pyxie.access.tokens import TokenError
from pyxie.config.validate import Model
from pyxie.http.builds import body
from pyxie.http.edge import SITE, needs

routes = web.RouteTableDef()

_PAGE = 100
_LARGEST_PAGE = 1000


class Wanted(Model):
    """The body of ``POST /api/v1/tokens``.

    Attributes:
        name: A new one.
        scope: ``read``, ``build`` or ``admin``.
        seconds: How long it is good; none for ever.
    """

    name: str
    scope: Scope = Scope.READ
    seconds: Annotated[float, Field(gt=0, le=3_153_600_000)] | None = None


@routes.post("/api/v1/tokens")
async def create(request: web.Request) -> web.Response:
    """Make a token; its secret is told this once."""
    wanted: Wanted = await body(request, Wanted)
    try:
        token, secret = await request.app[SITE].tokens.create(
            wanted.name, wanted.scope, wanted.seconds
        )
    except TokenError as exc:
        raise web.HTTPConflict(text=str(exc)) from exc
    return web.json_response({**token.told(), "token": secret}, status=201)


@routes.get("/api/v1/tokens")
@needs(Scope.ADMIN)
async def listing(request: web.Request) -> web.Response:
    """List the tokens, without their secrets."""
    tokens = request.app[SITE].tokens
    await tokens.load()
    return web.json_response({"tokens": [token.told() for token in tokens.all()]})


@routes.delete("/api/v1/tokens/{name}")
async def revoke(request: web.Request) -> web.Response:
    """End a token now."""
    try:
        await request.app[SITE].tokens.revoke(request.match_info["name"])
    except TokenError as exc:
        raise web.HTTPNotFound(text=str(exc)) from exc
    return web.Response(status=204)


@routes.get("/api/v1/audit")
@needs(Scope.ADMIN)
async def audit(request: web.Request) -> web.Response:
    """List who changed what, the newest first; ``before`` is the ``next`` of the page before."""
    before, limit = _number(request, "before"), _number(request, "limit") or _PAGE
    found = await request.app[SITE].audit.page(before, min(limit, _LARGEST_PAGE))
    following = found[-1]["id"] if len(found) == min(limit, _LARGEST_PAGE) else None
    return web.json_response({"entries": found, "next": following})


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 19 or text == "0":
        raise web.HTTPBadRequest(text=f"{name}: {text[:80]!r} is not a number above 0")
    return int(text)
