"""The frame around every screen: templates to HTML, with the headers that all have.

Templates are pyxie's own, of the package; those of operators are rendered elsewhere
(`pyxie.workers`). They are compiled in a thread, when the first screen is shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
from aiohttp import web

from pyxie import __version__
from pyxie.diagnosis.saying import span, times
from pyxie.events.english import amount
from pyxie.http.page.assets import asset, assets
from pyxie.http.page.contentpolicy import HEADERS
from pyxie.http.page.screens import SCREENS
from pyxie.http.page.viewer import Viewer, viewer
from pyxie.http.parts import CLOCK, MACHINES, POOLS, SETTINGS

_BUSY: Final = 0.0004
"""Seconds for which a thread renders what changes on open pages,"""
_PAUSE: Final = 0.001
"""and for which it then leaves the interpreter to others."""
_FOLDER: Final = Path(__file__).parent / "templates"


async def shown(
    request: web.Request,
    template: str,
    view: object,
    *,
    title: str,
    screen: str,
    status: int = 200,
    part: str = "",
    live: str = "",
) -> web.Response:
    """Return a whole screen; or, to htmx, the part of it that it has asked for.

    Args:
        request: Who asks.
        template: A file of ``templates/``, which extends ``base.html.j2``.
        view: What a view function made; the template has it as ``view``, and ``viewer``.
        title: What the browser's window is called.
        screen: The name of the screen in `SCREENS` that it belongs to.
        status: Of HTTP; 422 for a form with mistakes, which is shown again as it was filled in.
        part: A region's template, for htmx, if it asks for that alone: see `region`.
        live: Where it hears what changes, as of `pyxie.http.page.subscription`; empty for a
            screen that changes by what is pressed alone.
    """
    names = {"title": title, "screen": screen, "view": view, "viewer": viewer(request)}
    names["now"] = request.app[CLOCK]()
    names["broken"] = broken_files(request.app)
    names["live"] = live
    text = await request.app[POOLS].management.run(
        _rendered, part if part and by_htmx(request) else template, names
    )
    return html(text, status)


def broken_files(app: web.Application) -> int:
    """Return how many mistakes there are in files; the screen Health has them with their places."""
    return len(app[SETTINGS].problems) + len(app[MACHINES]().problems)


def region(template: str, who: Viewer, names: Mapping[str, object], *, oob: bool = False) -> str:
    """Return a part of a screen alone; in a thread.

    Args:
        template: ``_NAME.html.j2``, with one element around all, which has an ``id``.
        who: For whom.
        names: What it has where the screen includes it: ``view``, and what stands in a loop.
        oob: It is put where the element with its ``id`` is, wherever that may be, by the
            ``{{ oob }}`` of that element. Nobody waits for it: what boots comes first.
    """
    return _rendered(template, {**names, "viewer": who}, oob=oob)


def _gently(pieces: Iterable[str]) -> str:
    """Join what a template gives, and leave the interpreter to others all the while.

    Who waits for it while a thread computes waits for 5 ms, which is what ten offers take.
    """
    found, until = [], time.perf_counter() + _BUSY
    for piece in pieces:
        found.append(piece)
        if time.perf_counter() >= until:
            time.sleep(_PAUSE)
            until = time.perf_counter() + _BUSY
    return "".join(found)


async def changed(
    request: web.Request, to: str, template: str, names: Mapping[str, object]
) -> web.Response:
    """Return what a form is answered with whose change was made.

    htmx is given the region that has changed; a browser without scripts is led back to the
    screen. What was not changed is answered by `shown`.

    Args:
        request: The form.
        to: The screen's path, with what stands in its query.
        template: The region, as for `region`.
        names: As for `region`.
    """
    if not by_htmx(request):
        raise web.HTTPSeeOther(to)
    return await alone(request, template, names)


async def alone(
    request: web.Request, template: str, names: Mapping[str, object], status: int = 200
) -> web.Response:
    """Return a region as an answer; the arguments are those of `region`."""
    run = request.app[POOLS].management.run
    return html(await run(region, template, viewer(request), names), status)


def by_htmx(request: web.Request) -> bool:
    """Tell whether htmx asks, and so for a region, not for a screen."""
    return request.headers.get("HX-Request") == "true"


def html(text: str, status: int = 200) -> web.Response:
    """Return HTML with the headers of all screens."""
    headers = {**HEADERS, "Cache-Control": "no-store", "Vary": "Accept, HX-Request"}
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=headers
    )


def load() -> None:
    """Read what screens are made of; in a thread, when the server starts.

    So all of it is of one version, though another is installed while this one runs.
    """
    assets()
    _sources()


def _rendered(template: str, names: Mapping[str, object], *, oob: bool = False) -> str:
    made = _environment()
    known = {"now": time.time(), "oob": made.globals["belongs"] if oob else "", **names}
    found = made.get_template(template)
    return _gently(found.generate(known)) if oob else found.render(known)


@cache
def _sources() -> Mapping[str, str]:
    return {file.name: file.read_text("utf-8") for file in _FOLDER.glob("*.j2")}


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.DictLoader(_sources()),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: Any = made.get_template("words.html.j2").module
    made.globals.update(asset=asset, screens=SCREENS, version=__version__, belongs=words.belongs())
    made.filters.update(time=words.time, worded=words.worded, span=span)
    made.filters.update(amount=amount, times=times, command=words.command)
    for name in _sources():
        made.get_template(name)
    return made
