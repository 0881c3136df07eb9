"""The screen of one machine: all that is known of it, and what it would be served."""

from __future__ import annotations

import asyncio

from aiohttp import web

from pyxie.bounds import STORE_LOOK
from pyxie.config.validate import Model
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.http.bodies import aside
from pyxie.http.page.bootrow import machine_path
from pyxie.http.page.bootview import EVENTS_SHOWN, Past, past
from pyxie.http.page.commandline import command
from pyxie.http.page.filelines import listing, split
from pyxie.http.page.frame import shown
from pyxie.http.page.longtext import beginning_of, end_of
from pyxie.http.page.machinefacts import (
    Facts,
    asked,
    defined,
    mended,
    secrets_of,
    text_of,
    trial,
    unreadable,
)
from pyxie.http.page.machinelive import gathered
from pyxie.http.page.machineview import (
    DONE,
    LogView,
    MachineView,
    PastView,
    Preview,
    settings,
)
from pyxie.http.page.subscription import subscription
from pyxie.http.parts import (
    ARCHIVE,
    CLOCK,
    RECORDS,
    RENDERING,
    SETTINGS,
)
from pyxie.http.query import Before, Text, query
from pyxie.http.routing import Routes
from pyxie.registry.define import Definition
from pyxie.registry.origins import origins
from pyxie.registry.veil import veiled, without
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
        done: The word of what was done just now.
    """

    type: Text = ""
    served: Text = ""
    done: Text = ""


@routes.get("/page/machines/{hostname}", query=OfMachine)
async def machine(request: web.Request) -> web.Response:
    """Show it."""
    live = subscription(request, "machine", hostname=request.match_info["hostname"])
    view = await _view_of(request, query(request, OfMachine))
    return await shown(
        request,
        "machine.html.j2",
        view,
        title=view.head.host,
        screen="machines",
        part="_machine_served.html.j2",
        live=live,
    )


async def _view_of(request: web.Request, how: OfMachine) -> MachineView:
    of = await asked(request)
    definition, undefined = await defined(request.app, of, how.type)
    preview = await _preview(request, of, definition, how)
    moving = await gathered(request.app, of)
    types = tuple(request.app[SETTINGS]().build_types)

    def made() -> MachineView:
        secrets = secrets_of(of, definition)
        text = veiled(text_of(of.stored), secrets).text if of.stored is not None else None
        place = of.stored.file.path if of.stored is not None else None
        here, elsewhere = split(of.problems, place)
        return MachineView(
            moving=moving.view(),
            settings=settings(origins(definition.merged)) if definition is not None else None,
            undefined=undefined,
            build_type=how.type,
            build_types=types,
            preview=preview,
            file=listing(text, here) if text is not None else None,
            place=str(place or ""),
            elsewhere=tuple(elsewhere),
            done=DONE.get(how.done, ""),
        )

    return await aside(request, made)


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
    view = PastView(of.host, machine_path(of.host), page, how.before is not None, problem, same)
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
    view = LogView(of.host, machine_path(of.host), number, end, problem)
    title = f"{of.host}: log of build {number}"
    return await shown(request, "machine_log.html.j2", view, title=title, screen="machines")
