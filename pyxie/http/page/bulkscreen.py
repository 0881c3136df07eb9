"""Several machines of the list are built, or their builds or files ended: asked, done, and told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from pyxie.bounds import BUILDS_LENGTH, BULK
from pyxie.builds.life import Build
from pyxie.http.bodies import aside, fields
from pyxie.http.builds import Wanted as WantedBuild
from pyxie.http.builds import cancelled, installed
from pyxie.http.bulk import all_begun
from pyxie.http.edge import ALREADY
from pyxie.http.filewrites import all_removed
from pyxie.http.page.bulkview import Action, Chosen, Outcome, first_of, result, review
from pyxie.http.page.foreseeing import agreed, foreseen
from pyxie.http.page.frame import shown
from pyxie.http.page.machinesscreen import gathering, refused
from pyxie.http.page.machinesview import Facts, hosts_of
from pyxie.http.page.machineswanted import Filter, Wanted
from pyxie.http.parts import CLOCK, INDEX, MACHINES
from pyxie.http.query import query
from pyxie.http.routing import Handler, Routes
from pyxie.registry.writer import Accepts

routes = Routes()

_PATH: Final = "/page/bulk/"
_ALREADY: Final = "it is in build mode already"
_NOBODY: Final = "no machine is chosen: tick some, or all that fit"


def _asking(action: Action) -> Handler:
    @routes.post(
        f"{_PATH}{action}/review",
        scope=action.needs,
        query=Wanted,
        most=BUILDS_LENGTH,
        audited=False,  # nothing is changed
    )
    async def ask(request: web.Request) -> web.Response:
        """Show what would be done, and what would be lost by it."""
        wanted, sent = query(request, Wanted), await fields(request)
        registry = await request.app[MACHINES].refresh()
        facts = await aside(request, gathering(request.app))
        everything = ("all", "1") in sent
        hosts = await aside(request, _meant, facts, wanted, sent, everything)
        if not hosts:
            return await refused(request, wanted, _NOBODY)
        active = {each.host for each in request.app[INDEX].active_now()}
        hosts, beyond = first_of(hosts, active, action, BULK.whole)
        BULK.reached(bool(beyond))
        chosen = Chosen(
            action=action,
            hosts=hosts,
            fitting=_filter(wanted) if everything else None,
            build_type=dict(sent).get("build_type", ""),
            query=wanted.query(),
        )
        seen = await foreseen(request, chosen, facts.known, registry)
        view = review(chosen, seen, request.app[CLOCK](), beyond=beyond, types=facts.types)
        return await shown(request, "bulk.html.j2", view, title=view.title, screen="machines")

    return ask


def _pressing(action: Action) -> Handler:
    @routes.post(_PATH + action, scope=action.needs, query=Wanted, most=BUILDS_LENGTH)
    async def press(request: web.Request) -> web.Response:
        """Do what was shown, with each machine of which that is still so."""
        wanted, sent = query(request, Wanted), await fields(request)
        pairs = (value.rpartition(" ") for name, value in sent if name == "machine")
        sealed = {host: seal for host, _, seal in pairs}
        if not sealed:
            return await refused(request, wanted, _NOBODY)
        if len(sealed) > BULK.whole:
            BULK.reached()
            raise web.HTTPBadRequest(text=f"over {BULK.whole} machines are chosen")
        outcomes = await _DO[action](request, sealed, dict(sent))
        view = result(action, outcomes, wanted.query())
        return await shown(request, "bulkdone.html.j2", view, title=view.title, screen="machines")

    return press


def _meant(
    facts: Facts, wanted: Wanted, sent: list[tuple[str, str]], everything: bool
) -> tuple[str, ...]:
    if everything:
        return hosts_of(facts, wanted)
    return tuple(dict.fromkeys(value.lower() for name, value in sent if name == "host"))


def _filter(wanted: Wanted) -> Filter:
    return Filter(**{name: getattr(wanted, name) for name in Filter.model_fields})


async def _build(
    request: web.Request, sealed: Mapping[str, str], said: Mapping[str, str]
) -> list[Outcome]:
    wanted = WantedBuild(build_type=said.get("build_type", ""), replace="replace" in said)
    results = await all_begun(
        request,
        tuple(sealed),
        wanted,
        await request.app[MACHINES].refresh(),
        cause=f"POST {_PATH}{Action.BUILD}",
        agreed=lambda host: agreed(request, host, sealed[host]),
    )
    return [
        Outcome(host=each["host"], advice=tuple(each["build"]["advice"]))
        if each["build"]
        else Outcome(
            host=each["host"], refused=_ALREADY if each["code"] == ALREADY else each["detail"]
        )
        for each in results
    ]


async def _cancel(
    request: web.Request, sealed: Mapping[str, str], _said: Mapping[str, str]
) -> list[Outcome]:
    return await _ended(request, sealed, cancelled)


async def _done(
    request: web.Request, sealed: Mapping[str, str], _said: Mapping[str, str]
) -> list[Outcome]:
    return await _ended(request, sealed, installed)


async def _ended(
    request: web.Request, sealed: Mapping[str, str], end: Callable[..., Awaitable[Build]]
) -> list[Outcome]:
    outcomes = []
    for host, number in sealed.items():
        try:
            await end(request, int(number) if number.isdecimal() else 0, host=host)
        except web.HTTPException as exc:
            outcomes.append(Outcome(host=host, refused=exc.text or exc.reason))
        else:
            outcomes.append(Outcome(host=host))
    return outcomes


async def _remove(
    request: web.Request, sealed: Mapping[str, str], _said: Mapping[str, str]
) -> list[Outcome]:
    not_removed = await all_removed(request, {host: _is(tag) for host, tag in sealed.items()})
    why = {
        host: (error.text or error.reason) if isinstance(error, web.HTTPException) else str(error)
        for host, error in not_removed.items()
    }
    return [Outcome(host=host, refused=why.get(host, "")) for host in sealed]


def _is(tag: str) -> Accepts:
    return lambda etag: etag == tag


_DO: Final = {
    Action.BUILD: _build,
    Action.CANCEL: _cancel,
    Action.DONE: _done,
    Action.REMOVE: _remove,
}

for _action in Action:
    _asking(_action)
    _pressing(_action)
