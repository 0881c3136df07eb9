"""The screen Images: systems, what of theirs is kept or on its way, and ISO images."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field
from yarl import URL

from pyxie.access.scope import Scope
from pyxie.config.validate import Model
from pyxie.config.values import http_url
from pyxie.errors import NotServedError
from pyxie.http import ahead
from pyxie.http.bodies import aside, form
from pyxie.http.edge import peer
from pyxie.http.media import begin as begin_medium
from pyxie.http.page.copiesview import Chosen, Copies
from pyxie.http.page.frame import by_htmx, html, region, shown
from pyxie.http.page.imagesfacts import images_facts
from pyxie.http.page.imageslive import REGIONS, ImagesLive, rendered
from pyxie.http.page.imagesview import ComingRow, Store, Systems, begun_said
from pyxie.http.page.mediaview import MediumRow
from pyxie.http.page.subscription import subscription
from pyxie.http.page.trying import NOTHING, Outcome, tried
from pyxie.http.page.viewer import viewer
from pyxie.http.parts import MEDIA_FETCHES, PREFETCHES
from pyxie.http.query import query
from pyxie.http.routing import Routes
from pyxie.media.fetches import Fetch

routes = Routes()

PATH: Final = "/page/images"
_LONGEST: Final = 253


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody has typed to have an ISO image fetched, and what is wrong with it.

    Attributes:
        url: Where it is.
        name: What it is to be called.
        mistake: What is wrong, in a sentence; empty if nothing is.
        at: The field that has the mistake: ``url`` or ``name``.
    """

    url: str = ""
    name: str = ""
    mistake: str = ""
    at: str = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """All of the screen."""

    store: Store
    coming: tuple[ComingRow, ...]
    systems: Systems
    unread: str
    media: tuple[MediumRow, ...]
    copies: Copies
    typed: Typed = Typed()
    outcome: Outcome = NOTHING


class Wanted(Model):
    """Which systems and which copies are listed.

    Attributes:
        system: A part of the name or title of the systems.
        q: A part of the copies' URL.
        order: By what these are sorted.
        page: Counted from 1.
    """

    system: Annotated[str, Field(max_length=_LONGEST)] = ""
    q: Annotated[str, Field(max_length=_LONGEST)] = ""
    order: Annotated[str, Field(max_length=10)] = ""
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1


@routes.get(PATH, query=Wanted)
async def images(request: web.Request) -> web.Response:
    """Show it."""
    wanted = query(request, Wanted)
    chosen = Chosen(text=wanted.q, order=wanted.order, page=wanted.page)
    live = subscription(request, "images", system=wanted.system)
    view = await gathered(request, chosen, wanted.system)
    return await screen(request, view, live=live)


def images_live(request: web.Request) -> ImagesLive:
    """Return what changes on it, for `pyxie.http.page.stream`."""
    return ImagesLive(request.app, request.query.get("system", "")[:_LONGEST])


async def screen(
    request: web.Request, view: Screen, status: int = 200, live: str = ""
) -> web.Response:
    """Return all of the screen."""
    return await shown(
        request,
        "images.html.j2",
        view,
        title="Images",
        screen="images",
        status=status,
        live=live,
    )


async def gathered(request: web.Request, chosen: Chosen | None = None, find: str = "") -> Screen:
    """Return what there is now."""
    facts = await images_facts(request.app)

    def made() -> Screen:
        known = facts.known()
        return Screen(
            store=facts.store(),
            coming=facts.coming(),
            systems=facts.systems(find, known),
            unread=facts.unread,
            media=facts.media(),
            copies=facts.copies(chosen or Chosen(), known),
        )

    return await aside(request, made)


@routes.post(f"{PATH}/fetch", scope=Scope.BUILD)
async def fetch(request: web.Request) -> web.Response:
    """Have the files of a system fetched."""
    said = await form(request)
    name, arch = said.get("system", ""), said.get("arch", "")

    async def act() -> str:
        begun, _ = await ahead.begin(request, [name], arch)
        return begun_said(f"{name} {arch}", len(begun))

    return await _acted(request, act)


@routes.post(f"{PATH}/fetches/{{image}}/cancel", scope=Scope.BUILD)
async def cancel(request: web.Request) -> web.Response:
    """End a fetch."""
    key = request.match_info["image"]

    async def act() -> str:
        url = await request.app[PREFETCHES].cancel(key, str(peer(request)))
        return f"{url} is fetched no further."

    return await _acted(request, act)


@routes.post(f"{PATH}/media")
async def bring(request: web.Request) -> web.Response:
    """Have an ISO image fetched."""
    sent = await form(request)
    typed = Typed(sent.get("url", "").strip(), sent.get("name", "").strip())
    try:
        http_url(typed.url)
    except ValueError:
        mistake = "Give a URL like https://mirror.example.org/fedora-40.iso"
        view = replace(await gathered(request), typed=replace(typed, mistake=mistake))
        return await screen(request, view, 422)

    async def act() -> str:
        return f"{begin_medium(request, typed.url, typed.name)} is on its way."

    done = await tried(act)
    if done.why:
        at = "name" if done.status in (400, 409) else "url"
        view = replace(await gathered(request), typed=replace(typed, mistake=done.why, at=at))
        return await screen(request, view, 422 if done.status == 400 else done.status)
    raise web.HTTPSeeOther(f"{PATH}#images-media")


@routes.post(f"{PATH}/media/{{medium}}/again")
async def bring_again(request: web.Request) -> web.Response:
    """Have an ISO image fetched that could not be."""
    name = request.match_info["medium"]

    async def act() -> str:
        failed = _failed(request, name)
        return f"{begin_medium(request, failed.url, name)}.iso is on its way again."

    return await _acted(request, act)


@routes.post(f"{PATH}/media/{{medium}}/forget")
async def forget_medium(request: web.Request) -> web.Response:
    """Tell no more of an ISO image that could not be fetched."""
    name = request.match_info["medium"]

    async def act() -> str:
        _failed(request, name)
        request.app[MEDIA_FETCHES].forget(name)
        return f"{name}.iso is not listed any more."

    return await _acted(request, act)


def _failed(request: web.Request, name: str) -> Fetch:
    """Return a fetch that has failed; its URL stays here, for it may have a login in it."""
    found = request.app[MEDIA_FETCHES].get(name)
    if found is None or not found.why:
        raise NotServedError(name, "is none that could not be fetched")
    return found


@routes.post(f"{PATH}/media/{{medium}}/cancel")
async def cancel_medium(request: web.Request) -> web.Response:
    """End the fetch of an ISO image."""
    name = request.match_info["medium"]

    async def act() -> str:
        await request.app[MEDIA_FETCHES].cancel(name)
        return f"{name}.iso is fetched no further."

    return await _acted(request, act)


async def _acted(request: web.Request, act: Callable[[], Awaitable[str]]) -> web.Response:
    """Do something on the screen, and show what has become of it."""
    done = await tried(act)
    if not by_htmx(request):
        if not done.why:
            raise web.HTTPSeeOther(PATH)
        view = replace(await gathered(request), outcome=done)
        return await screen(request, view, done.status)
    facts, who = await images_facts(request.app), viewer(request)
    find = _found_by(request)

    def made() -> str:
        parts = [rendered(name, facts, who, find) for name in REGIONS]
        return "".join([*parts, region("_notices.html.j2", who, {"outcome": done}, oob=True)])

    return html(await aside(request, made), done.status)


def _found_by(request: web.Request) -> str:
    """Return which systems the screen shows on which something was pressed, as htmx tells."""
    try:
        return URL(request.headers.get("HX-Current-URL", "")).query.get("system", "")[:_LONGEST]
    except ValueError:
        return ""
