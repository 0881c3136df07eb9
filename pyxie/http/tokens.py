"""The REST API of tokens and of the audit log."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field

from pyxie.access.scope import Scope
from pyxie.access.tokens import TokenError
from pyxie.config.validate import Model
from pyxie.http import answers
from pyxie.http.bodies import body
from pyxie.http.parts import AUDIT, TOKENS
from pyxie.http.query import Newest, query
from pyxie.http.routing import NOTHING, Routes

routes = Routes()


class Wanted(Model):
    """A token to create.

    Attributes:
        name: Its name, which no other token has.
        scope: What it may do: ``read``, ``build`` or ``admin``.
        seconds: Its lifetime in seconds; without, it does not expire.
    """

    name: str
    scope: Scope = Scope.READ
    seconds: Annotated[float, Field(gt=0, le=3_153_600_000)] | None = None


@routes.post(
    "/api/v1/tokens",
    body=Wanted,
    may_be_empty=False,
    answer=answers.NewToken,
    status=201,
    errors=(409,),
)
async def create(request: web.Request) -> web.Response:
    """Create a token; its secret is in this answer only."""
    wanted: Wanted = await body(request, Wanted)
    try:
        token, secret = await request.app[TOKENS].create(wanted.name, wanted.scope, wanted.seconds)
    except TokenError as exc:
        raise web.HTTPConflict(text=str(exc)) from exc
    return web.json_response({**token.as_json(), "token": secret}, status=201)


@routes.get("/api/v1/tokens", scope=Scope.ADMIN, answer=answers.Tokens)
async def listing(request: web.Request) -> web.Response:
    """List all tokens, without their secrets."""
    tokens = request.app[TOKENS]
    await tokens.load()
    return web.json_response({"tokens": [token.as_json() for token in tokens.all()]})


@routes.delete("/api/v1/tokens/{name}", answer=NOTHING, status=204, errors=(404,))
async def revoke(request: web.Request) -> web.Response:
    """Revoke a token; it is invalid at once."""
    try:
        await request.app[TOKENS].revoke(request.match_info["name"])
    except TokenError as exc:
        raise web.HTTPNotFound(text=str(exc)) from exc
    return web.Response(status=204)


@routes.get("/api/v1/audit", scope=Scope.ADMIN, query=Newest, answer=answers.Audit)
async def audit(request: web.Request) -> web.Response:
    """List the audit log, newest first: each change that was requested, and by whom."""
    of = query(request, Newest)
    found = await request.app[AUDIT].page(of.before, of.limit)
    return web.json_response({"entries": found, "next": of.following(found)})
