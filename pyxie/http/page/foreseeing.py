"""What is found out of machines before several of them are built, or their builds or files ended.

Nothing is changed by it. What builds would wipe is read in all that they would serve, some machines
at a time and for so long; of whom it is not known by then, that is said.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from pyxie.advice.adviser import placed
from pyxie.bounds import BUILDS_AT_ONCE, BULK_FORECAST
from pyxie.errors import BusyError
from pyxie.events.wipes import in_words
from pyxie.http.begin import Agreed
from pyxie.http.bodies import aside
from pyxie.http.buildcall import defined, found, trial
from pyxie.http.page.bulkview import Action, Chosen, Foreseen
from pyxie.http.page.machinesview import Known
from pyxie.http.page.seals import fits, seal
from pyxie.http.parts import INDEX, MACHINES, POOLS, RENDERING
from pyxie.registry.define import Definition
from pyxie.registry.origins import own
from pyxie.registry.registry import Registry
from pyxie.registry.writer import WriteError
from pyxie.rehearsal import said
from pyxie.wiping.forecast import Forecast

_KEY: Final = secrets.token_bytes(32)
"""Of this process: what was shown before a restart is looked at again."""


async def foreseen(
    request: web.Request, chosen: Chosen, known: Mapping[str, Known], registry: Registry
) -> list[Foreseen]:
    """Return what is found out of each machine that was chosen, in their order.

    Args:
        request: Who asks.
        chosen: Who was chosen, and what for.
        known: The machines among them that there are.
        registry: The snapshot that they are of.
    """
    match chosen.action:
        case Action.BUILD:
            return await _of_builds(request, chosen, known, registry)
        case Action.REMOVE:
            return [await _of_file(request, host, known, registry) for host in chosen.hosts]
        case Action.CANCEL | Action.DONE:
            return [_of_end(request, host, known) for host in chosen.hosts]


def agreed(request: web.Request, host: str, sealed: str) -> Agreed:
    """Return what tells whether a build is the one that was shown: see `pyxie.http.begin`."""

    def is_the_same(definition: Definition, forecast: Forecast) -> bool:
        return fits(sealed, _sealed(request, host, definition, forecast))

    return is_the_same


def _sealed(request: web.Request, host: str, definition: Definition, forecast: Forecast) -> str:
    newest = request.app[INDEX].of(host)
    text = definition.machine.model_dump_json()
    return seal(_KEY, text, forecast, newest.number if newest else 0)


async def _of_builds(
    request: web.Request, chosen: Chosen, known: Mapping[str, Known], registry: Registry
) -> list[Foreseen]:
    seen: dict[str, Foreseen] = {}
    waiting = iter(chosen.hosts)

    async def work() -> None:
        for host in waiting:
            seen[host] = await _of_build(request, host, chosen.build_type, known, registry)

    with suppress(TimeoutError):
        async with asyncio.timeout(BULK_FORECAST.most), asyncio.TaskGroup() as group:
            for _ in range(BUILDS_AT_ONCE.whole):
                group.create_task(work())
    if len(seen) < len(chosen.hosts):
        BULK_FORECAST.reached()
    return [seen.get(host) or Foreseen(**_named(request, host, known)) for host in chosen.hosts]


async def _of_build(
    request: web.Request, host: str, build_type: str, known: Mapping[str, Known], registry: Registry
) -> Foreseen:
    named = _named(request, host, known)
    try:
        machine = await found(request, host, registry)
        definition = await aside(request, defined, registry, machine, build_type or None, None)
        written = await aside(request, own, definition.merged)
        tried = await request.app[RENDERING].trials.rehearse(
            definition.machine, trial(request), written
        )
    except web.HTTPException as exc:
        return Foreseen(**named, problem=_first(exc.text or exc.reason))
    except BusyError:
        return Foreseen(**named)
    if tried.faults:
        return Foreseen(**named, problem=_first(said(definition, tried.faults[0])))
    words = in_words(host, tried.forecast)["sentences"]
    assert isinstance(words, list)  # noqa: S101  (of texts)
    return Foreseen(
        **named,
        forecast=tried.forecast,
        sentences=tuple(str(each).removeprefix(f"{host} ") for each in words),
        advice=tuple(str(placed(each, definition)) for each in tried.advice if not each.aside),
        sealed=_sealed(request, host, definition, tried.forecast),
    )


async def _of_file(
    request: web.Request, host: str, known: Mapping[str, Known], registry: Registry
) -> Foreseen:
    named, writer = _named(request, host, known), request.app[MACHINES].writer
    try:
        stored = await request.app[POOLS].management.run(writer.read, host, registry)
    except WriteError as exc:
        return Foreseen(**named, problem=str(exc))
    lines = len(stored.raw.splitlines())
    return Foreseen(**named, file=stored.name, lines=lines, sealed=stored.etag)


def _of_end(request: web.Request, host: str, known: Mapping[str, Known]) -> Foreseen:
    active = request.app[INDEX].active(host)
    sealed = str(active.number) if active is not None else ""
    return Foreseen(**_named(request, host, known), sealed=sealed)


def _named(request: web.Request, host: str, known: Mapping[str, Known]) -> dict[str, Any]:
    groups: Sequence[str] = known[host].groups if host in known else ()
    return {"host": host, "groups": tuple(groups), "build": request.app[INDEX].of(host)}


def _first(text: str) -> str:
    return text.partition("\n")[0]
