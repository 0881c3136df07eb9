"""The page of one ISO image: what is on it, and what of it is to be booted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pyxie.errors import NotServedError
from pyxie.http.bodies import fields
from pyxie.http.page.frame import shown
from pyxie.http.page.imagesknown import medium, on_its_way
from pyxie.http.page.imagesscreen import PATH
from pyxie.http.page.mediaview import MediumRow, medium_row
from pyxie.http.page.trying import NOTHING, Outcome, tried
from pyxie.http.parts import MEDIA, MEDIA_FETCHES
from pyxie.http.routing import Routes

routes = Routes()

_UNTYPED: Final = ("", "")


@dataclass(frozen=True, slots=True)
class OfMedium:
    """The page of one ISO image.

    Attributes:
        row: It.
        outcome: Of what was said of it just now.
        typed: A kernel, and what somebody typed that it is to be passed.
    """

    row: MediumRow
    outcome: Outcome = NOTHING
    typed: tuple[str, str] = _UNTYPED


@routes.get(f"{PATH}/media/{{medium}}")
async def one_medium(request: web.Request) -> web.Response:
    """Show one ISO image, and the ways to boot it, if nobody has said yet which is right."""
    return await _medium_page(request)


async def _medium_page(
    request: web.Request, outcome: Outcome = NOTHING, typed: tuple[str, str] = _UNTYPED
) -> web.Response:
    name = request.match_info["medium"]
    view, title = OfMedium(_medium(request, name), outcome, typed), f"{name}.iso"
    return await shown(
        request, "medium.html.j2", view, title=title, screen="images", status=outcome.status
    )


def _medium(request: web.Request, name: str) -> MediumRow:
    try:
        return medium_row(medium(request.app[MEDIA].get(name)))
    except NotServedError as exc:
        fetched = request.app[MEDIA_FETCHES].get(name)
        if fetched is None:
            raise web.HTTPNotFound(text="There is no such image in the folder 'isos'.") from exc
        return medium_row(on_its_way(fetched))


@routes.post(f"{PATH}/media/{{medium}}/confirm")
async def confirm(request: web.Request) -> web.Response:
    """Make one of the guesses the recipe of an ISO image, with the command line that was typed."""
    sent = await fields(request)
    said, name = dict(sent), request.match_info["medium"]
    initrds = [value for key, value in sent if key == "initrd"]

    async def act() -> str:
        shelf = request.app[MEDIA]
        await shelf.confirm(name, said.get("kernel", ""), initrds, said.get("cmdline"))
        return ""

    done = await tried(act)
    if done.why:
        typed = said.get("kernel", ""), said.get("cmdline", "")
        return await _medium_page(request, done, typed)
    raise web.HTTPSeeOther(f"{PATH}/media/{name}")
