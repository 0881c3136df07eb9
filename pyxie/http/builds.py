"""The REST API of builds: begin, watch and end them, and say what they are made from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.bounds import BUILD_BODY_LENGTH, FAILURE_LENGTH, LOG_KEPT
from pyxie.builds.life import Build, State
from pyxie.builds.pages import builds as builds_page
from pyxie.config.validate import Model
from pyxie.errors import RenderError
from pyxie.events.wipes import in_words
from pyxie.http import answers
from pyxie.http.begin import Begun, begin
from pyxie.http.bodies import aside, body, large
from pyxie.http.buildcall import defined, found, trial
from pyxie.http.edge import base_url, peer, printable, sees_secrets, text
from pyxie.http.hosts import host_of, near, unknown
from pyxie.http.parts import BUILDS, INDEX, MACHINES, RECORDS, RENDERING, SECURE_BOOT, TROUBLES
from pyxie.http.query import Newest, Text, query
from pyxie.http.routing import TEXT, Routes
from pyxie.registry.define import Definition
from pyxie.registry.hiding import around_type, as_json
from pyxie.registry.origins import answer, own
from pyxie.registry.veil import secrets_in, without
from pyxie.rehearsal import told_of
from pyxie.render.context import BuildContext
from pyxie.render.preview import TOKEN

routes = Routes()

_CAUSE: Final = "PUT /api/v1/builds"


class OfBuilds(Newest):
    """Which builds.

    Attributes:
        host: Only builds of this machine.
        state: Only builds in this state.
        build_type: Only builds of this build type.
        active: ``true`` for builds that are active, ``false`` for those that have ended.
    """

    host: Text = ""
    state: State | None = None
    build_type: Text = ""
    active: bool | None = None


@routes.get("/api/v1/builds", query=OfBuilds, answer=answers.Builds)
async def listing(request: web.Request) -> web.Response:
    """List builds, newest first, including those that have ended."""
    of = query(request, OfBuilds)
    found = await builds_page(
        request.app[RECORDS],
        host=request.app[MACHINES]().hostname_of(of.host) or None,
        state=of.state,
        build_type=of.build_type or None,
        active=of.active,
        before=of.before,
        limit=of.limit,
    )

    def listed() -> dict[str, Any]:
        page = [{"id": each.number, **build_json(request, each)} for each in found]
        return {"builds": page, "next": of.following(page)}

    return await large(request, listed)


class Wanted(Model):
    """The build to begin.

    Attributes:
        build_type: One of ``build_types``; empty for the machine's own.
        replace: Replace the active build, if there is one; its token becomes invalid.
        definition: Keys of a machine file that apply to this build only.
    """

    build_type: str = ""
    replace: bool = False
    definition: dict[str, Any] | None = None


class Failure(Model):
    """Why a build has failed.

    Attributes:
        reason: The reason, in one line.
        log: The end of the installer's log.
    """

    reason: str = ""
    log: str = ""


@routes.get("/api/v1/builds/{hostname}", answer=answers.NumberedBuild, errors=(404,))
async def newest(request: web.Request) -> web.Response:
    """Return a machine's newest build, active or ended."""
    registry, host = await request.app[MACHINES].refresh(), host_of(request)
    build = request.app[INDEX].of(host)
    if build is None and registry.find(host) is None:
        raise web.HTTPNotFound(text=unknown(host, await near(request, registry, host)))
    if build is None:
        raise web.HTTPNotFound(text=f"{host} was never in build mode")
    return web.json_response({"id": build.number, **build_json(request, build)})


@routes.put(
    "/api/v1/builds/{hostname}",
    scope=Scope.BUILD,
    body=Wanted,
    most=BUILD_BODY_LENGTH,
    answer=answers.BegunBuild,
    errors=(404, 409, 507),
)
async def build(request: web.Request) -> web.Response:
    """Put a machine in build mode.

    If it is in build mode already, the answer is 409, unless ``replace`` is true.
    """
    wanted: Wanted = await body(request, Wanted)
    said = json.dumps(wanted.definition) if wanted.definition else ""
    name = request.match_info["hostname"]
    begun = await begin(
        request,
        name,
        wanted.build_type or None,
        said,
        cause=_CAUSE,
        replace=wanted.replace,
        status=200,
    )
    return web.json_response(begun_json(request, begun))


@routes.delete("/api/v1/builds/{hostname}", scope=Scope.BUILD, answer=answers.Build, errors=(404,))
async def cancel(request: web.Request) -> web.Response:
    """Cancel a machine's build, without its token."""
    return web.json_response(build_json(request, await cancelled(request)))


@routes.post(
    "/api/v1/builds/{hostname}/done", scope=Scope.BUILD, answer=answers.Build, errors=(404,)
)
async def done(request: web.Request) -> web.Response:
    """Mark a machine's build as installed, without its token."""
    return web.json_response(build_json(request, await installed(request)))


@routes.post(
    "/api/v1/builds/{hostname}/failed",
    scope=Scope.BUILD,
    body=Failure,
    most=FAILURE_LENGTH,
    answer=answers.Build,
    errors=(404,),
)
async def failed(request: web.Request) -> web.Response:
    """Mark a machine's build as failed, without its token."""
    failure: Failure = await body(request, Failure)
    active = await _active(request)
    at = str(peer(request))
    tail = failure.log[-LOG_KEPT.whole :]
    await request.app[BUILDS].failed(
        active.host, active.token, at, reason=failure.reason, log_tail=tail
    )
    return web.json_response(build_json(request, _as_it_is(request, active)))


@routes.get("/api/v1/builds/{hostname}/log", answer=answers.LoggedBuild, errors=(404,))
async def log(request: web.Request) -> web.Response:
    """Return the end of the installer's log of a failed build."""
    build = request.app[INDEX].of(host_of(request))
    if build is None or build.state is not State.FAILED:
        raise web.HTTPNotFound(text=f"no failed build of {host_of(request)}")
    return web.json_response(
        {**build_json(request, build), "log": await request.app[BUILDS].log_of(build.host)}
    )


class OfType(Model):
    """For which build type.

    Attributes:
        build_type: One of ``build_types``; without, the machine's own.
    """

    build_type: str = ""


@routes.get(
    "/api/v1/machines/{hostname}/templates/{kind}",
    query=OfType,
    answer=TEXT,
    errors=(404, 409),
)
async def template(request: web.Request) -> web.Response:
    """Render what a machine would be sent, without beginning a build.

    The text is exact, except that the build's token in it is all zeros, and that only who has the
    scope admin is given what is secret in it.
    """
    of = query(request, OfType)
    machine = await found(request, request.match_info["hostname"])
    described = await aside(
        request, defined, request.app[MACHINES](), machine, of.build_type or None, None
    )
    nic = next(iter(described.machine.macs), "")
    context = BuildContext(
        base_url=base_url(request), token=TOKEN, mac=nic, build_type=described.build_type
    )
    kind = request.match_info["kind"]
    try:
        body = await request.app[RENDERING].preview(described.machine, kind, context)
    except RenderError as exc:
        raise web.HTTPConflict(text=str(exc)) from exc
    if not sees_secrets(request):
        body = await aside(request, without, body, secrets_in(described.merged.data))
    return text(body)


@routes.get(
    "/api/v1/machines/{hostname}/definition",
    query=OfType,
    answer=answers.Definition,
    errors=(404,),
)
async def definition(request: web.Request) -> web.Response:
    """Return a machine with everything it inherits, and where each value comes from.

    ``problems`` says what would refuse a build, ``advice`` what will hardly be wanted of it,
    ``wipes`` which data it would take; ``hidden`` what a build type hides of the machine's file and
    its groups, and what they hide of it.
    """
    machine = await found(request, request.match_info["hostname"])
    of = query(request, OfType)
    described = await aside(
        request, defined, request.app[MACHINES](), machine, of.build_type or None, None
    )
    tried = await request.app[RENDERING].trials.rehearse(
        described.machine, trial(request), own(described.merged)
    )
    expected = told_of(described, tried.faults, tried.advice, tried.forecast)
    known = {"secure_boot": secure_boot(request, described.machine.macs)}
    written = await aside(request, _written_where, described, sees_secrets(request))
    return web.json_response({**written, **known, **expected})


def _written_where(described: Definition, secrets: bool) -> dict[str, Any]:
    hidden = [as_json(each) for each in around_type(described.merged)]
    return {**answer(described, secrets=secrets), "hidden": hidden}


def begun_json(request: web.Request, begun: Begun) -> dict[str, Any]:
    """Return a build that has just begun as the API gives it: with its token, this once."""
    build = begun.build
    return {
        "id": build.number,
        **build_json(request, build),
        "token": build.token,
        "advice": list(begun.advice),
    }


def build_json(request: web.Request, build: Build) -> dict[str, Any]:
    """Return a build as the API gives it: without its token."""
    trouble = request.app[TROUBLES].of(build)
    return {
        "host": build.host,
        "state": str(build.state),
        "begun": build.begun,
        "changed": build.changed,
        "mac": build.mac,
        "build_type": build.build_type,
        "reason": build.reason,
        "wipes": in_words(build.host, build.forecast) if build.forecast else None,
        "given": {
            each.part: {"sha256": each.sha256, "verified": each.verified or None}
            for each in build.given
        },
        "trouble": (
            {"at": trouble.at, "code": trouble.code, "text": trouble.text} if trouble else None
        ),
    }


async def cancelled(
    request: web.Request, number: int | None = None, *, host: str | None = None
) -> Build:
    """Cancel the build of a machine; return it as it is then.

    Args:
        request: Who asks.
        number: Which build whoever asks has seen; None for whichever there is.
        host: Which machine; None for the one that the URL names.

    Raises:
        HTTPNotFound: It is not in build mode.
        HTTPConflict: Not by the build of that number.
    """
    active = await _active(request, number, host)
    await request.app[BUILDS].cancel(active.host, active.token, str(peer(request)))
    return _as_it_is(request, active)


async def installed(
    request: web.Request, number: int | None = None, *, host: str | None = None
) -> Build:
    """Mark the build of a machine as installed; as `cancelled`."""
    active = await _active(request, number, host)
    await request.app[BUILDS].done(active.host, active.token, str(peer(request)))
    return _as_it_is(request, active)


def _as_it_is(request: web.Request, build: Build) -> Build:
    return request.app[INDEX].of(build.host) or build


async def _active(
    request: web.Request, number: int | None = None, host: str | None = None
) -> Build:
    registry, host = request.app[MACHINES](), host or host_of(request)
    active = request.app[INDEX].active(host)
    if active is None:
        names = await near(request, registry, host) if registry.find(host) is None else []
        hint = f"; did you mean {' or '.join(names)}?" if names else ""
        raise web.HTTPNotFound(text=f"{printable(host)} is not in build mode{hint}")
    if number is not None and active.number != number:
        raise web.HTTPConflict(text=another(host, number))
    return active


def another(host: str, number: int) -> str:
    """Say that a build which somebody has seen gave way to another meanwhile."""
    return f"build {number} of {host} has ended, and another has begun since; nothing was changed"


def secure_boot(request: web.Request, macs: Iterable[str]) -> list[dict[str, Any]]:
    """Return what is known of the Secure Boot of NICs, fit for JSON."""
    states = request.app[SECURE_BOOT]
    learnt = ((mac, states.learnt(mac)) for mac in macs)
    return [
        {"mac": mac, "state": str(each.state), "by": each.by, "at": each.at}
        for mac, each in learnt
        if each is not None
    ]
