"""How a build begins, whichever route asked for it: nothing is stored before all is tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from aiohttp import web

from pyxie.advice.adviser import placed
from pyxie.bounds import BUILDS_AT_ONCE
from pyxie.builds.beginnings import InBuildError
from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.errors import NotServedError, RenderError
from pyxie.events.kinds import BuildAdvised, BuildRefused
from pyxie.events.wipes import told
from pyxie.hooks.runner import HookFailedError, Ran
from pyxie.http.bodies import aside
from pyxie.http.buildcall import Asked, asked, asked_at_once, found, remembered, trial
from pyxie.http.edge import ENTRY, AlreadyError, may_do_all, peer
from pyxie.http.parts import (
    AHEAD,
    AUDIT,
    BUILDS,
    DEFINITIONS,
    HOOKS,
    INDEX,
    KEPT,
    LOADERS,
    MACHINES,
    POOLS,
    RENDERING,
    TRACE,
)
from pyxie.http.verified import UnverifiedError, verified
from pyxie.registry.define import Definition
from pyxie.registry.hiding import of_type
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry
from pyxie.rehearsal import said as said_of
from pyxie.render.context import BuildContext
from pyxie.store.pools import StoreError
from pyxie.wiping.forecast import Forecast

_NOT_AS_SHOWN: Final = "is not what it was when it was looked at, or was built since: look again"

Agreed: TypeAlias = Callable[[Definition, Forecast], bool]
"""Whether that is what somebody was shown, and agreed to."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A build that has begun.

    Attributes:
        build: With its token.
        advice: What will hardly be wanted of it, each a sentence with its place.
    """

    build: Build
    advice: tuple[str, ...]


@dataclass(slots=True)
class Together:
    """What the builds have in common that one call begins.

    Attributes:
        registry: The machines, as they were looked at for it.
        trying: Is held while what one of them would serve is tried.
        context: In which that is tried.
        asked: By the machines' names, what is asked for, or why it may not be.
    """

    registry: Registry
    trying: asyncio.Semaphore
    context: BuildContext
    asked: dict[str, Asked | web.HTTPException]

    def look_anew(self, context: BuildContext) -> None:
        """Have what follows tried in another context."""
        self.context = context

    def of(self, host: str) -> Asked:
        """Return what is asked for, once; raises what was raised for it."""
        found = self.asked.pop(host)
        if isinstance(found, Exception):
            raise found
        return found


async def begin(
    request: web.Request,
    name: str,
    build_type: str | None = None,
    said: str = "",
    *,
    cause: str,
    replace: bool = True,
    beneath: bool = False,
    together: Together | None = None,
    agreed: Agreed | None = None,
    status: int | None = None,
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
        together: What it has in common with other builds that the call begins.
        agreed: Asked at the last moment, before anything is done.
        status: What the answer is once it has begun: what audits the call is stored with it then.

    Raises:
        HTTPBadRequest: Its file or the call is wrong, or something cannot be rendered.
        HTTPNotFound: No machine, or no build type, is of that name.
        HTTPConflict: It is in build mode; or a hook before the build said no.
        HTTPPreconditionFailed: What it is built from, or what it wipes, is not what was agreed to.
        HTTPInsufficientStorage: The build could not be stored.
    """
    registry = together.registry if together is not None else None
    host = (registry or request.app[MACHINES]()).hostname_of(name)
    call = partial(_begin, request, name, build_type, said, cause=cause, replace=replace)
    with request.app[BUILDS].expecting(host):
        return await call(beneath=beneath, together=together, agreed=agreed, status=status)


async def _begin(
    request: web.Request,
    name: str,
    build_type: str | None,
    said: str,
    *,
    cause: str,
    replace: bool,
    beneath: bool,
    together: Together | None,
    agreed: Agreed | None,
    status: int | None,
) -> Begun:
    builds, at = request.app[BUILDS], str(peer(request))
    host = name.lower()
    try:
        machine = await found(request, name, together.registry if together is not None else None)
        host = machine.hostname
        if not replace and request.app[INDEX].active(host):
            raise AlreadyError(text=str(InBuildError(host)))
        if together is not None and host in together.asked:
            wanted = together.of(host)
        else:
            wanted = await _asked(request, machine, build_type, said, beneath=beneath)
        definition = wanted.definition
        if definition.machine.loader:
            await request.app[POOLS].loaders.run(
                request.app[LOADERS].check, definition.machine.loader
            )
        if together is not None and together.trying.locked():
            BUILDS_AT_ONCE.reached()
        async with together.trying if together is not None else nullcontext():
            context = trial(request) if together is None else together.context
            advice, forecast = await _tried(request, wanted, context)
        advice = (*advice, *await verified(request, definition, wanted.called, wanted.kept))
        if beneath and build_type:
            hides = of_type(definition.merged, build_type)
            advice = (*(f"{each}, as waitron 3 has it" for each in hides), *advice)
        before = builds.plan(
            definition.machine,
            build_type or "",
            said,
            beneath=beneath,
            believed=wanted.believed,
            forecast=forecast,
            definition=None if wanted.kept is None else wanted.kept.text(),
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
        status=status,
        known=partial(
            request.app[DEFINITIONS].known,
            *(before, wanted.registry, definition.machine, wanted.called),
        ),
    )
    request.app[DEFINITIONS].take(build)
    request.app[AHEAD].expect(build)
    for what in told(forecast):
        request.app[TRACE].record(what, host=host, peer=at)
    for each in advice:
        request.app[TRACE].record(BuildAdvised(advice=each), host=host, peer=at)
    await request.app[HOOKS].note(build, "prebuild", ran)
    return Begun(build, advice)


async def _asked(
    request: web.Request, machine: Machine, build_type: str | None, said: str, *, beneath: bool
) -> Asked:
    now, kept = request.app[MACHINES](), request.app[KEPT]
    plain = not (build_type or said.strip())
    if plain:
        found = asked_at_once(now, machine, kept, believed=may_do_all(request))
        if found is not None:
            return found
    ask = partial(asked, request, now, machine, build_type, said)
    wanted = await aside(request, partial(ask, beneath=beneath))
    return remembered(wanted, kept) if plain else wanted


async def _begun(
    request: web.Request,
    before: Build,
    hooks: Sequence[Hook],
    cause: str,
    replace: bool,
    *,
    agreed: Callable[[], bool] | None,
    status: int | None,
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
        entry = request.get(ENTRY) if status is not None else None
        along = request.app[AUDIT].along(entry, status) if entry and status is not None else None
        try:
            build = await request.app[BUILDS].begin(
                before, at, cause=cause, anew=replace, along=along
            )
        except InBuildError as exc:
            raise AlreadyError(text=str(exc)) from exc
        except StoreError as exc:
            why = f"Failed to set build mode on {host}: the state cannot be written: {exc}"
            raise web.HTTPInsufficientStorage(text=why) from exc
    return build, ran


async def _tried(
    request: web.Request, wanted: Asked, context: BuildContext
) -> tuple[tuple[str, ...], Forecast]:
    """Try what a build would serve; return the advice on it, and what it will wipe."""
    definition = wanted.definition
    tried = await request.app[RENDERING].trials.rehearse(
        definition.machine, context, wanted.written, kept=wanted.kept
    )
    for fault in tried.faults:
        raise fault
    found = [each for each in tried.advice if not each.aside]
    return tuple(str(placed(each, definition)) for each in found), tried.forecast


def _refused(
    request: web.Request, host: str, at: str, answer: web.HTTPException
) -> web.HTTPException:
    first = (answer.text or "").partition("\n")[0]
    request.app[TRACE].record(BuildRefused(why=first), host=host, peer=at)
    return answer
