"""How a build begins, whichever route asked for it: nothing is stored before all is tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.advice.adviser import placed
from pyxie.builds.beginnings import InBuildError
from pyxie.builds.definitions import BODY
from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.config.nodes import BUILD_BODY, Document, parse
from pyxie.errors import ConfigError, NotServedError, RenderError
from pyxie.events.kinds import BuildAdvised, BuildRefused
from pyxie.events.wipes import told
from pyxie.hooks.runner import HookFailedError, Ran
from pyxie.http.bodies import aside, whole
from pyxie.http.edge import AlreadyError, base_url, judged, peer
from pyxie.http.hosts import near, unknown
from pyxie.http.parts import (
    AHEAD,
    BUILDS,
    DEFINITIONS,
    HOOKS,
    INDEX,
    LOADERS,
    MACHINES,
    POOLS,
    RENDERING,
    TRACE,
)
from pyxie.http.verified import UnverifiedError, verified
from pyxie.outbound.fetcher import check
from pyxie.outbound.reach import OutOfReachError, Reach, literal
from pyxie.registry.define import Definition, UnknownTypeError
from pyxie.registry.hiding import of_type
from pyxie.registry.machine import Machine
from pyxie.registry.mirrors import Mirrors, called, filed, mirror, urls_in
from pyxie.registry.origins import own
from pyxie.registry.registry import Registry
from pyxie.rehearsal import said as said_of
from pyxie.render.context import BuildContext
from pyxie.render.preview import unbegun
from pyxie.store.pools import StoreError
from pyxie.urls import shown
from pyxie.wiping.forecast import Forecast

_NOT_AS_SHOWN: Final = "is not what it was when it was looked at, or was built since: look again"

Agreed: TypeAlias = Callable[[Definition, Forecast], bool]
"""Whether that is what somebody was shown, and agreed to."""


async def found(request: web.Request, name: str, registry: Registry | None = None) -> Machine:
    """Return the machine of that name, as its file is now, or as ``registry`` has it.

    Raises:
        HTTPBadRequest: Its file is broken.
        HTTPNotFound: There is none.
    """
    registry = registry or await request.app[MACHINES].refresh()
    broken = registry.why_broken(name)
    if broken:
        raise web.HTTPBadRequest(text="\n".join(str(problem) for problem in broken))
    machine = registry.find(name)
    if machine is None:
        raise web.HTTPNotFound(text=unknown(name, await near(request, registry, name)))
    return machine


def defined(
    registry: Registry,
    machine: Machine,
    build_type: str | None,
    body: Document | None,
    *,
    beneath: bool = False,
) -> Definition:
    """Return a machine with all that it inherits, for a call that names a type or says more.

    Raises:
        HTTPBadRequest: What the call says is wrong.
        HTTPNotFound: There is no such build type.
    """
    try:
        return registry.define(machine, build_type, body, beneath=beneath)
    except UnknownTypeError as exc:
        raise web.HTTPNotFound(text=str(exc)) from exc
    except ConfigError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc


def trial(request: web.Request) -> BuildContext:
    """Return the context in which what a build would serve is tried before it begins."""
    return unbegun(base_url(request))


async def said_in(request: web.Request) -> str:
    """Return a body that is YAML or JSON, and so UTF-8, whatever its header says.

    Raises:
        HTTPBadRequest: It is not.
        HTTPRequestEntityTooLarge: It is longer than its operation takes.
    """
    try:
        return (await whole(request)).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise web.HTTPBadRequest(text=f"the body is not UTF-8: byte {exc.start}") from exc


def document(text: str) -> Document | None:
    """Return what a call says beside its URL, in YAML or JSON; None for nothing.

    Raises:
        HTTPBadRequest: It is neither.
    """
    if not text.strip():
        return None
    try:
        return parse(text.encode(errors="surrogatepass"), BODY, size=BUILD_BODY)
    except ConfigError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc


@dataclass(frozen=True, slots=True)
class Begun:
    """A build that has begun.

    Attributes:
        build: With its token.
        advice: What will hardly be wanted of it, each a sentence with its place.
    """

    build: Build
    advice: tuple[str, ...]


async def begin(
    request: web.Request,
    name: str,
    build_type: str | None = None,
    said: str = "",
    *,
    cause: str,
    replace: bool = True,
    beneath: bool = False,
    registry: Registry | None = None,
    agreed: Agreed | None = None,
) -> Begun:
    """Put a machine in build mode.

    Args:
        request: Who asks.
        name: The machine's.
        build_type: Which of ``build_types``; None for its own.
        said: Keys that count for this build alone, YAML or JSON.
        cause: How it is asked for, for the history.
        replace: In place of any build it is in.
        beneath: The type gives way to groups and machine, as waitron 3 has it.
        registry: The machines, if they were looked at for this call already.
        agreed: Asked at the last moment, before anything is done.

    Raises:
        HTTPBadRequest: Its file or the call is wrong, or something cannot be rendered.
        HTTPNotFound: No machine, or no build type, is of that name.
        HTTPConflict: It is in build mode; or a hook before the build said no.
        HTTPPreconditionFailed: What it is built from, or what it wipes, is not what was agreed to.
        HTTPInsufficientStorage: The build could not be stored.
    """
    host = (registry or request.app[MACHINES]()).hostname_of(name)
    call = partial(_begin, request, name, build_type, said, cause=cause, replace=replace)
    with request.app[BUILDS].expecting(host):
        return await call(beneath=beneath, registry=registry, agreed=agreed)


async def _begin(
    request: web.Request,
    name: str,
    build_type: str | None,
    said: str,
    *,
    cause: str,
    replace: bool,
    beneath: bool,
    registry: Registry | None,
    agreed: Agreed | None,
) -> Begun:
    builds, at = request.app[BUILDS], str(peer(request))
    host = name.lower()
    try:
        machine = await found(request, name, registry)
        host = machine.hostname
        if not replace and request.app[INDEX].active(host):
            raise AlreadyError(text=str(InBuildError(host)))
        now = request.app[MACHINES]()
        ask = partial(_asked, request, now, machine, build_type, said)
        body, definition, believed = await aside(request, partial(ask, beneath=beneath))
        if definition.machine.loader:
            await request.app[POOLS].loaders.run(
                request.app[LOADERS].check, definition.machine.loader
            )
        advice, forecast = await _tried(request, definition, trial(request))
        named = _called(body, definition, believed)
        advice = (*advice, *await verified(request, definition, named))
        if beneath and build_type:
            hides = of_type(definition.merged, build_type)
            advice = (*(f"{each}, as waitron 3 has it" for each in hides), *advice)
        before = builds.plan(
            definition.machine,
            build_type or "",
            said,
            beneath=beneath,
            believed=believed,
            forecast=forecast,
        )
    except web.HTTPNotFound:
        raise
    except UnverifiedError as exc:
        raise _refused(request, host, at, web.HTTPBadRequest(text=str(exc))) from exc
    except (NotServedError, RenderError) as exc:
        why = said_of(definition, exc)
        raise _refused(request, host, at, web.HTTPBadRequest(text=why)) from exc
    except web.HTTPException as exc:
        raise _refused(request, host, at, exc) from exc
    build, ran = await _begun(
        request,
        before,
        definition.machine.prebuild_commands,
        cause,
        replace,
        agreed=agreed and partial(agreed, definition, forecast),
        known=partial(request.app[DEFINITIONS].known, before, now, definition.machine, named),
    )
    request.app[AHEAD].expect(build)
    for what in told(forecast):
        request.app[TRACE].record(what, host=host, peer=at)
    for each in advice:
        request.app[TRACE].record(BuildAdvised(advice=each), host=host, peer=at)
    await request.app[HOOKS].note(build, "prebuild", ran)
    return Begun(build, advice)


def _asked(
    request: web.Request,
    registry: Registry,
    machine: Machine,
    build_type: str | None,
    said: str,
    *,
    beneath: bool,
) -> tuple[Document | None, Definition, bool]:
    """Return what a call says, what is built by it, and whether it may do all; for threads."""
    body = document(said)
    definition = defined(registry, machine, build_type, body, beneath=beneath)
    return body, definition, _is_allowed(request, body, definition)


async def _begun(
    request: web.Request,
    before: Build,
    hooks: Sequence[Hook],
    cause: str,
    replace: bool,
    *,
    agreed: Callable[[], bool] | None,
    known: Callable[[], bool],
) -> tuple[Build, list[Ran]]:
    """Have a build begin after the hooks before it; raises as `begin`.

    Its machine is made anew where it is not ``known``, for files have changed meanwhile.

    Of two calls for one machine at once the second waits, and runs none if it is refused.
    """
    host, at = before.host, str(peer(request))
    async with request.app[HOOKS].alone(host):
        if not replace and request.app[INDEX].active(host):
            raise AlreadyError(text=str(InBuildError(host)))
        if agreed is not None and not agreed():
            other = web.HTTPPreconditionFailed(text=f"{host} {_NOT_AS_SHOWN}")
            raise _refused(request, host, at, other)
        try:
            ran = await request.app[HOOKS].before(before, "prebuild", hooks)
        except HookFailedError as exc:
            raise _refused(request, host, at, web.HTTPConflict(text=str(exc))) from exc
        if not known():
            await aside(request, request.app[DEFINITIONS].keep, before)
        try:
            build = await request.app[BUILDS].begin(before, at, cause=cause, anew=replace)
        except InBuildError as exc:
            raise AlreadyError(text=str(exc)) from exc
        except StoreError as exc:
            why = f"Failed to set build mode on {host}: the state cannot be written: {exc}"
            raise web.HTTPInsufficientStorage(text=why) from exc
    return build, ran


async def _tried(
    request: web.Request, definition: Definition, context: BuildContext
) -> tuple[tuple[str, ...], Forecast]:
    """Try what a build would serve; return the advice on it, and what it will wipe."""
    written = own(definition.merged)
    tried = await request.app[RENDERING].rehearse(definition.machine, context, written)
    for fault in tried.faults:
        raise fault
    found = [each for each in tried.advice if not each.aside]
    return tuple(str(placed(each, definition)) for each in found), tried.forecast


def _is_allowed(request: web.Request, body: Document | None, definition: Definition) -> bool:
    """Tell whether a call comes from one who may do all; else refuse what not all may say.

    Commands would run on this host, as pyxie's user. URLs would have pyxie read what only pyxie
    can reach; where names lead is judged at each fetch, by `pyxie.outbound.fetcher`.

    Raises:
        HTTPForbidden: The body has commands, or URLs that lead to inner addresses at first sight.
    """
    refusal = judged(request, Scope.ADMIN).refusal
    if refusal is None or body is None:
        return refusal is None
    data = body.data if isinstance(body.data, dict) else {}
    if any(key.endswith("_commands") for key in data):
        raise web.HTTPForbidden(text=f"hooks in the body: {refusal}")
    checksums = data.get("checksums")
    if isinstance(checksums, dict) and str(checksums.get("keyring", "")).startswith("/"):
        raise web.HTTPForbidden(text=f"the path of a keyring in the body: {refusal}")
    known = filed(definition.merged)
    for key, url in urls_in(body.data):
        server = mirror(url)
        address = literal(server[1]) if server and server not in known else None
        if address is not None:
            try:
                check(address, Reach.PUBLIC)
            except OutOfReachError as exc:
                why = f"{shown(url)}: {exc}"
                raise web.HTTPForbidden(text=str(body.problem((key,), why))) from exc
    return False


def _called(body: Document | None, definition: Definition, believed: bool) -> Mirrors:
    """Return the servers that only the call names, of one who may build and no more."""
    return frozenset() if body is None or believed else called(body.data) - filed(definition.merged)


def _refused(
    request: web.Request, host: str, at: str, answer: web.HTTPException
) -> web.HTTPException:
    first = (answer.text or "").partition("\n")[0]
    request.app[TRACE].record(BuildRefused(why=first), host=host, peer=at)
    return answer
