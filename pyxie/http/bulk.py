"""Builds of several machines, in one call."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from pyxie.access.scope import Scope
from pyxie.bounds import BUILDS_AT_ONCE, BUILDS_LENGTH, BUILDS_TOGETHER, BUILDS_VALUES, PATTERNS
from pyxie.http import answers
from pyxie.http.begin import Agreed, Begun, Together, begin
from pyxie.http.bodies import aside, body
from pyxie.http.buildcall import Asked, asked, asked_at_once, remembered, trial
from pyxie.http.builds import Wanted, begun_json
from pyxie.http.edge import ALREADY, AlreadyError, may_do_all, printable
from pyxie.http.parts import KEPT, MACHINES
from pyxie.http.query import Text
from pyxie.http.routing import Routes
from pyxie.registry.asbuilt import KeptDefinitions
from pyxie.registry.chosen import chosen, is_pattern
from pyxie.registry.registry import Registry
from pyxie.store.pools import StoreError

routes = Routes()

_CAUSE = "POST /api/v1/builds"


class WantedBuilds(Wanted):
    """The builds to begin.

    Attributes:
        hosts: Hostnames, or patterns with ``*`` and ``?``.
        group: All machines of this group, or of this domain.
        all: All machines that there are.
        build_type: One of ``build_types``; empty for each machine's own.
        replace: Replace active builds; their tokens become invalid.
        definition: Keys of a machine file that apply to these builds only.
    """

    hosts: Annotated[list[Text], Field(max_length=10_000)] = Field(default_factory=list)
    group: Text = ""
    all: bool = False


@routes.post(
    "/api/v1/builds",
    scope=Scope.BUILD,
    body=WantedBuilds,
    most=BUILDS_LENGTH,
    may_be_empty=False,
    answer=answers.BuildResults,
)
async def build(request: web.Request) -> web.Response:
    """Put several machines in build mode.

    The answer says of each what became of it, with the ``status`` that a call for it alone would
    have been answered with; one that is refused stops no other.
    """
    wanted: WantedBuilds = await body(request, WantedBuilds, values=BUILDS_VALUES)
    if not (wanted.hosts or wanted.group or wanted.all):
        raise web.HTTPBadRequest(text="nobody is named: say 'hosts', 'group' or 'all'")
    registry = await request.app[MACHINES].refresh()
    if sum(map(is_pattern, wanted.hosts)) > PATTERNS.whole:
        PATTERNS.reached()
        raise web.HTTPBadRequest(text=f"hosts: over {PATTERNS.whole} patterns")
    named = partial(chosen, registry.machines.values(), wanted.hosts, wanted.group)
    hosts, missing = await aside(request, partial(named, everything=wanted.all))
    begun = await all_begun(request, hosts, wanted, registry, cause=_CAUSE)
    refused = [_refused(each, 404, f"no machine fits {each!r}") for each in missing]
    return web.json_response({"results": begun + refused})


async def all_begun(
    request: web.Request,
    hosts: Sequence[str],
    wanted: Wanted,
    registry: Registry,
    *,
    cause: str,
    agreed: Callable[[str], Agreed | None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Begin builds some at a time, whose writes then take no longer than one.

    Args:
        request: Who asks.
        hosts: Of which machines.
        wanted: What is wanted of each.
        registry: The machines, as they were looked at for this call.
        cause: How it is asked for, for the history.
        agreed: Gives for a machine what of it was agreed to, as of `begin`.

    Returns:
        What became of each, in their order; as `answers.BuildResults` has it.
    """
    if len(hosts) > BUILDS_TOGETHER.most:
        BUILDS_TOGETHER.reached()
    results: dict[str, dict[str, Any]] = {}
    waiting, taking = iter(hosts), asyncio.Lock()
    trying = asyncio.Semaphore(BUILDS_AT_ONCE.whole)
    together = Together(registry, trying, trial(request), {})
    ready: deque[str] = deque()
    kept = request.app[KEPT] if not (wanted.build_type or wanted.definition) else None
    believed = may_do_all(request)

    async def following() -> str | None:
        """Return the next; what is asked for is made of many at once, in a thread."""
        async with taking:
            if not ready:
                some = list(islice(waiting, BUILDS_TOGETHER.whole))
                now, unknown = request.app[MACHINES](), some
                together.look_anew(trial(request))  # other settings may be in force by now
                if kept is not None:
                    known = _known(now, registry, some, kept, believed=believed)
                    together.asked.update(known)
                    unknown = [host for host in some if host not in known]
                if unknown:
                    made = await aside(request, _asked_of, request, now, registry, unknown, wanted)
                    together.asked.update(made if kept is None else _remembered(made, kept))
                ready.extend(some)
            return ready.popleft() if ready else None

    async def work() -> None:
        while (host := await following()) is not None:
            call = partial(begin, request, host, cause=cause, agreed=agreed(host))
            results[host] = await _begun(request, host, wanted, together, call)
            together.asked.pop(host, None)  # of one that was refused before it was looked at

    async with asyncio.TaskGroup() as group:
        for _ in range(min(len(hosts), BUILDS_TOGETHER.whole)):
            group.create_task(work())
    return [results[host] for host in hosts]


def _known(
    now: Registry,
    registry: Registry,
    hosts: Sequence[str],
    kept: KeptDefinitions,
    *,
    believed: bool,
) -> dict[str, Asked]:
    """Return what is asked for of those machines of which that is known."""
    found = filter(None, map(registry.find, hosts))
    made = (asked_at_once(now, machine, kept, believed=believed) for machine in found)
    return {each.definition.machine.hostname: each for each in made if each is not None}


def _remembered(
    made: Mapping[str, Asked | web.HTTPException], kept: KeptDefinitions
) -> dict[str, Asked | web.HTTPException]:
    """Have known from now on what was asked for of machines, without a type and a body."""
    return {
        host: remembered(each, kept) if isinstance(each, Asked) else each
        for host, each in made.items()
    }


def _asked_of(
    request: web.Request,
    now: Registry,
    registry: Registry,
    hosts: Sequence[str],
    wanted: Wanted,
) -> dict[str, Asked | web.HTTPException]:
    """Return what is asked for of machines that there are, or why it may not be; for threads."""
    said, made = _said(wanted), dict[str, Asked | web.HTTPException]()
    for host in hosts:
        machine = registry.find(host)
        if machine is None or machine.hostname not in now.documents:
            continue
        try:
            each = asked(request, now, machine, wanted.build_type or None, said)
        except web.HTTPException as exc:
            made[machine.hostname] = exc
        else:
            made[machine.hostname] = each
    return made


def _said(wanted: Wanted) -> str:
    return json.dumps(wanted.definition) if wanted.definition else ""


async def _begun(
    request: web.Request,
    host: str,
    wanted: Wanted,
    together: Together,
    call: Callable[..., Awaitable[Begun]],
) -> dict[str, Any]:
    try:
        begun = await call(
            wanted.build_type or None, _said(wanted), replace=wanted.replace, together=together
        )
    except web.HTTPException as exc:
        code = ALREADY if isinstance(exc, AlreadyError) else None
        return _refused(host, exc.status, exc.text or exc.reason, code)
    except StoreError as exc:
        return _refused(host, 500, f"the state cannot be read: {exc}")
    build = begun_json(request, begun)
    return {"host": build["host"], "status": 200, "detail": "", "code": None, "build": build}


def _refused(host: str, status: int, detail: str, code: str | None = None) -> dict[str, Any]:
    return {
        "host": host,
        "status": status,
        "detail": printable(detail),
        "code": code,
        "build": None,
    }
