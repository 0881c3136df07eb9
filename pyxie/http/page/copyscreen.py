"""The page of one copy in the image store: what is known of it, and what it is to be without it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from aiohttp import web

from pyxie.http.bodies import aside, form
from pyxie.http.page.copiesview import One, one
from pyxie.http.page.frame import by_htmx, shown
from pyxie.http.page.imagesscreen import PATH, gathered, screen
from pyxie.http.page.systemsknown import systems
from pyxie.http.page.trying import NOTHING, Outcome, tried
from pyxie.http.parts import IMAGE_STORE, MACHINES
from pyxie.http.routing import Routes
from pyxie.imagestore.entry import Entry

routes = Routes()


@dataclass(frozen=True, slots=True)
class OfCopy:
    """The page of one copy.

    Attributes:
        one: It.
        outcome: Of what was done to it just now.
    """

    one: One
    outcome: Outcome = NOTHING


@routes.get(f"{PATH}/copies/{{image}}")
async def copy(request: web.Request) -> web.Response:
    """Show one copy, and what it is to be without it."""
    return await _copy_page(request)


async def _copy_page(request: web.Request, outcome: Outcome = NOTHING) -> web.Response:
    view = OfCopy(await _one(request), outcome)
    return await shown(
        request,
        "copy.html.j2",
        view,
        title="A file",
        screen="images",
        status=outcome.status,
        part="_copy.html.j2",
    )


async def _one(request: web.Request) -> One:
    app, entry = request.app, _entry(request)
    cache, shared = app[IMAGE_STORE].cache, app[MACHINES]().shared
    hosts = tuple((await cache.needed()).get(entry.key, ()))
    kept, now = cache.entries(), time.time()
    return await aside(request, lambda: one(entry, kept, systems(shared), hosts, now))


def _entry(request: web.Request) -> Entry:
    """Return the copy that a request is about."""
    found = request.app[IMAGE_STORE].cache.get(request.match_info["image"])
    if found is None:
        raise web.HTTPNotFound(text="The store has no such file: it may have made room by now.")
    return found


@routes.post(f"{PATH}/copies/{{image}}/pin")
async def pin(request: web.Request) -> web.Response:
    """Keep a copy, or let it go, as the form says."""
    wanted = (await form(request)).get("pinned") == "yes"
    entry = _entry(request)

    async def act() -> str:
        await request.app[IMAGE_STORE].cache.pin(entry.key, pinned=wanted)
        return "It is kept until it is unpinned." if wanted else "It may go if room is wanted."

    return await _acted_on_copy(request, act)


@routes.post(f"{PATH}/copies/{{image}}/verify")
async def verify(request: web.Request) -> web.Response:
    """Read a copy from disk again; a damaged one is removed."""
    entry = _entry(request)

    async def act() -> str:
        found = await request.app[IMAGE_STORE].cache.verify(entry.key)
        if found == entry.digest:
            return "It is as it was fetched."
        why = f"{entry.url} was damaged, and is removed: a machine has it fetched again"
        raise web.HTTPConflict(text=why)

    return await _acted_on_copy(request, act, changes=False)


@routes.post(f"{PATH}/copies/{{image}}/remove")
async def remove(request: web.Request) -> web.Response:
    """Remove a copy."""
    entry = _entry(request)

    async def act() -> str:
        await request.app[IMAGE_STORE].cache.discard(entry.key)
        return f"{entry.url} is removed."

    return await _acted_on_copy(request, act)


async def _acted_on_copy(
    request: web.Request, act: Callable[[], Awaitable[str]], *, changes: bool = True
) -> web.Response:
    """Do something to a copy, and show it, or the list where it is no more."""
    done = await tried(act)
    key = request.match_info["image"]
    if request.app[IMAGE_STORE].cache.get(key) is None:
        if done.why:
            view = replace(await gathered(request), outcome=done)
            return await screen(request, view, done.status)
        raise web.HTTPSeeOther(PATH)
    if done.why or not changes or by_htmx(request):
        return await _copy_page(request, done)
    raise web.HTTPSeeOther(f"{PATH}/copies/{key}")
