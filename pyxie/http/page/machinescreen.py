"""The screen of one machine: all that is known of it, and what it would be served."""

from __future__ import annotations

import asyncio

from aiohttp import web

from pyxie.bounds import STORE_LOOK
from pyxie.config.validate import Model
from pyxie.diagnosis.diagnostician import Told
from pyxie.diagnosis.english import said
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.events.wipes import sentences
from pyxie.http.bodies import aside
from pyxie.http.page.bootview import EVENTS_SHOWN, Past, Why, boots, past, why
from pyxie.http.page.buildview import builds
from pyxie.http.page.commandline import command
from pyxie.http.page.filelines import listing, split
from pyxie.http.page.frame import shown
from pyxie.http.page.longtext import beginning_of, end_of
from pyxie.http.page.machinefacts import (
    Facts,
    asked,
    defined,
    kept,
    mended,
    path_of,
    secrets_of,
    text_of,
    trial,
    unreadable,
)
from pyxie.http.page.machineview import (
    Head,
    LogView,
    MachineView,
    PastView,
    Preview,
    head,
    settings,
)
from pyxie.http.page.veil import veiled, without
from pyxie.http.parts import (
    ARCHIVE,
    CLOCK,
    DIAGNOSTICIAN,
    RECORDS,
    RENDERING,
    SECURE_BOOT,
    SETTINGS,
    TRACE,
)
from pyxie.http.query import Before, Text, query
from pyxie.http.routing import Routes
from pyxie.registry.define import Definition
from pyxie.registry.origins import origins
from pyxie.render.rendering import kinds
from pyxie.store.pools import StoreError

routes = Routes()

_MADE = ("cmdline", "script", "meta-data")
"""What is rendered of no template of the machine's."""


class OfMachine(Model):
    """How a machine is shown.

    Attributes:
        type: As this one of ``build_types`` would have it; without, its build's, or its own.
        served: Which of what it would be served is shown.
    """

    type: Text = ""
    served: Text = ""


@routes.get("/page/machines/{hostname}", query=OfMachine)
async def machine(request: web.Request) -> web.Response:
    """Show it."""
    view = await view_of(request)
    return await shown(
        request,
        "machine.html.j2",
        view,
        title=view.head.host,
        screen="machines",
        part="_machine_served.html.j2",
    )


async def view_of(request: web.Request) -> MachineView:
    """Return all that the screen shows of the machine that the URL names."""
    of, how = await asked(request), query(request, OfMachine)
    definition, undefined = await defined(request.app, of, how.type)
    preview = await _preview(request, of, definition, how)
    top, stored = await head_of(request.app, of), await kept(request.app, of)
    events = request.app[TRACE].recent(host=of.host)
    told = request.app[DIAGNOSTICIAN].of_host(of.host)
    types = tuple(request.app[SETTINGS]().build_types)

    def made() -> MachineView:
        now = request.app[CLOCK]()
        secrets = secrets_of(of, definition)
        text = veiled(text_of(of.stored), secrets).text if of.stored is not None else None
        place = of.stored.file.path if of.stored is not None else None
        here, elsewhere = split(of.problems, place)
        return MachineView(
            head=top,
            why=why_of(told, now),
            boots=boots(events, now),
            builds=builds(stored.builds, stored.history, stored.hooks, now, secrets),
            log=end_of(without(stored.log, secrets)) if stored.log else None,
            kept=stored.problem,
            settings=settings(origins(definition.merged)) if definition is not None else None,
            undefined=undefined,
            build_type=how.type,
            build_types=types,
            preview=preview,
            file=listing(text, here) if text is not None else None,
            place=str(place or ""),
            elsewhere=tuple(elsewhere),
        )

    return await aside(request, made)


async def head_of(app: web.Application, of: Facts, *more: str) -> Head:
    """Return what stands above all else of a machine.

    Args:
        app: With all parts.
        of: The machine.
        more: What is to be said besides.
    """
    macs = of.machine.macs if of.machine is not None else ()
    learnt = [(mac, app[SECURE_BOOT].learnt(mac)) for mac in macs]
    forecast = of.build.forecast if of.build is not None else None
    wipes = sentences(of.host, forecast) if forecast is not None else ()
    notices = (*more, *filter(None, (of.unread,)), *await app[SETTINGS].not_in_force())
    return head(
        of.host,
        path_of(of.host),
        of.build,
        app[CLOCK](),
        macs=macs,
        is_described=of.machine is not None and not of.problems,
        wipes=wipes,
        secure_boot=[
            f"{mac}: its Secure Boot is {each.state}, as its {each.by} said"
            for mac, each in learnt
            if each is not None
        ],
        notices=notices,
        mistakes=len(of.problems),
    )


def why_of(told: Told | None, now: float) -> Why | None:
    """Return a diagnosis as it is shown."""
    if told is None:
        return None
    words = said(told.diagnosis.what).of(told.host)
    remedies = ((each.server, each.text()) for each in told.remedies)
    return why(told.diagnosis, words, remedies, now)


async def _preview(
    request: web.Request, of: Facts, definition: Definition | None, how: OfMachine
) -> Preview:
    """Return what a machine would be served now, of the kind that is asked for."""
    if definition is None:
        return Preview(kinds=())
    there = (*kinds(definition.machine), *_MADE)
    if not how.served:
        return Preview(kinds=there)
    same = command("render", of.host, how.served, type=how.type)
    secrets = secrets_of(of, definition)
    try:
        made = await request.app[RENDERING].preview(
            definition.machine, how.served, trial(request, definition)
        )
    except BusyError as exc:
        return Preview(kinds=there, kind=how.served, mistakes=(str(exc),), command=same)
    except (NotServedError, RenderError) as exc:
        own = of.registry.documents[definition.machine.hostname]
        problems = await mended(request, definition, own, [exc])
        told = tuple(without(str(each), secrets) for each in problems)
        return Preview(kinds=there, kind=how.served, mistakes=told, command=same)
    text = await aside(request, lambda: beginning_of(without(made, secrets)))
    return Preview(kinds=there, kind=how.served, text=text, command=same)


class OfPast(Model):
    """Which page.

    Attributes:
        before: ``next`` of the previous one.
    """

    before: Before | None = None


@routes.get("/page/machines/{hostname}/events", query=OfPast)
async def events(request: web.Request) -> web.Response:
    """Show what happened to it, as far as that is kept on disk."""
    of, how = await asked(request), query(request, OfPast)
    page, problem = Past((), None), ""
    try:
        async with asyncio.timeout(STORE_LOOK.most):
            rows = await request.app[ARCHIVE].page(
                host=of.host, before=how.before, limit=EVENTS_SHOWN
            )
        page = await aside(request, past, rows, request.app[CLOCK]())
    except (StoreError, TimeoutError) as exc:
        problem = unreadable(exc)
    same = command("events", host=of.host, past=str(EVENTS_SHOWN))
    view = PastView(of.host, path_of(of.host), page, how.before is not None, problem, same)
    title = f"{of.host}: what happened"
    return await shown(request, "machine_past.html.j2", view, title=title, screen="machines")


class OfLog(Model):
    """Whose log.

    Attributes:
        build: The build's number.
    """

    build: Before


@routes.get("/page/machines/{hostname}/log", query=OfLog)
async def log(request: web.Request) -> web.Response:
    """Show the end of the installer's log that came with a build's failure."""
    of, number = await asked(request), query(request, OfLog).build
    text, problem = "", ""
    try:
        async with asyncio.timeout(STORE_LOOK.most):
            build = await request.app[RECORDS].build(number)
            if build is None or build.host != of.host:
                raise web.HTTPNotFound(text=f"{of.host} has no build {number} any more")
            text = await request.app[RECORDS].log_of(number)
    except (StoreError, TimeoutError) as exc:
        problem = unreadable(exc)
    definition, _ = await defined(request.app, of)
    secrets = secrets_of(of, definition)
    end = await aside(request, lambda: end_of(without(text, secrets)))
    view = LogView(of.host, path_of(of.host), number, end, problem)
    title = f"{of.host}: log of build {number}"
    return await shown(request, "machine_log.html.j2", view, title=title, screen="machines")
