"""waitron's routes, with waitron 1's answers to the byte where a script compares them.

What differs, and why, is in docs/waitron.md. GET routes that change something are not
registered for HEAD, which must not (RFC 9110 section 9.2.1).
"""

from __future__ import annotations

import json
from functools import partial
from typing import Final

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.bounds import BUILD_BODY_LENGTH, LOG_KEPT, LOG_LENGTH
from pyxie.builds.index import states, told_of
from pyxie.builds.life import State
from pyxie.compat.pixiecore import boot_at_once, booted, written
from pyxie.errors import NotServedError, RenderError
from pyxie.http.begin import begin
from pyxie.http.bodies import end, large
from pyxie.http.buildcall import said_in
from pyxie.http.edge import peer, text
from pyxie.http.hosts import host_of, known
from pyxie.http.parts import BUILDS, INDEX, MACHINES
from pyxie.http.routing import OPEN, Routes
from pyxie.http.templates import rendered, unrendered

_SPOKEN = {
    State.PENDING: "Installing",
    State.INSTALLING: "Installing",
    State.STALE: "Installing",
    State.INSTALLED: "Installed",
}

_tight = partial(json.dumps, separators=(",", ":"))

routes = Routes()

CAUSE: Final = "PUT /build"
"""What the history of builds says of one that begins so."""


@routes.put(
    "/build/{hostname}", "/build/{hostname}/{type}", scope=Scope.BUILD, most=BUILD_BODY_LENGTH
)
async def build(request: web.Request) -> web.Response:
    """Put the machine in build mode; its token is in ``Build-Token``.

    A body, YAML or JSON, is laid over the machine's file for this build alone.
    """
    said = await said_in(request)
    name, build_type = request.match_info["hostname"], request.match_info.get("type")
    started = (await begin(request, name, build_type, said, cause=CAUSE, status=200)).build
    if "application/json" in request.headers.get("Accept", ""):
        answer = web.json_response({"Token": started.token, "State": "OK"})
    else:
        answer = text("OK")
    answer.headers["Build-Token"] = started.token
    return answer


@routes.get("/status")
async def all_status(request: web.Request) -> web.Response:
    """Tell of every machine that is being or was installed."""
    builds = tuple(request.app[INDEX].all())

    def spoken() -> dict[str, str]:
        return {host: _SPOKEN[state] for host, state in states(builds).items()}

    return await large(request, spoken, dumps=_tight)


@routes.get("/status/{hostname}")
async def one_status(request: web.Request) -> web.Response:
    """Tell of one machine, in one word."""
    build = request.app[INDEX].of(host_of(request))
    if build is None or not told_of(build):
        return text("Unknown state", 404)
    return text(_SPOKEN[build.state])


@routes.get("/list")
async def names(request: web.Request) -> web.Response:
    """List the names of the machine files."""
    registry = await request.app[MACHINES].refresh()
    return await large(request, lambda: registry.files, dumps=_tight)


@routes.get("/v1/boot/{mac}", scope=OPEN, at_once=boot_at_once)
async def boot(request: web.Request) -> web.Response:
    """Tell a boot server, pixiecore's way, what a MAC boots; changes nothing."""
    body = await booted(request)
    if body is None:
        return text("Not in build mode", 404)
    return web.Response(text=written(body), content_type="application/json")


@routes.called("/template/{template}/{hostname}/{token}")
async def template(request: web.Request) -> web.Response:
    """Give the installer its preseed or finish script."""
    host, kind = await known(request), request.match_info["template"]
    build = request.app[BUILDS].admit(host, request.match_info["token"])
    try:
        return await rendered(request, build, kind)
    except (NotServedError, RenderError) as exc:
        return unrendered(exc)


@routes.called("/done/{hostname}/{token}")
async def done(request: web.Request) -> web.Response:
    """End the build: the machine is installed."""
    builds, token = request.app[BUILDS], request.match_info["token"]
    await builds.done(await known(request), token, str(peer(request)))
    return text("OK")


@routes.called("/failed/{hostname}/{token}", most=LOG_LENGTH)
async def failed(request: web.Request) -> web.Response:
    """End the build: the installer has failed. A body is the end of its log."""
    builds, token = request.app[BUILDS], request.match_info["token"]
    host, reason = await known(request), request.query.get("reason", "")
    builds.check_end(host, token, State.FAILED)  # or anyone could send us logs
    tail = (await end(request, LOG_KEPT)).decode(errors="replace")
    await builds.failed(host, token, str(peer(request)), reason=reason, log_tail=tail)
    return text("OK")


@routes.put("/cancel/{hostname}/{token}", scope=OPEN, lenient=True)
@routes.called("/cancel/{hostname}/{token}")
async def cancel(request: web.Request) -> web.Response:
    """Cancel the build."""
    builds, token = request.app[BUILDS], request.match_info["token"]
    await builds.cancel(await known(request), token, str(peer(request)))
    return text("OK")
