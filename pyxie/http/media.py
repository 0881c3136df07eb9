"""The REST API of media: which there are, and what of them boots."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.bounds import MEDIUM_LENGTH
from pyxie.config.validate import Model
from pyxie.http import answers
from pyxie.http.bodies import body, pieces
from pyxie.http.edge import AlreadyError
from pyxie.http.parts import MEDIA, POOLS, SETTINGS
from pyxie.http.query import Text
from pyxie.http.routing import BYTES, Routes
from pyxie.media.extents import MediumError
from pyxie.media.incoming import Incoming, gathered
from pyxie.media.isofolder import is_name
from pyxie.media.shelf import Medium, TakenError

routes = Routes()


@routes.get("/api/v1/media", answer=answers.Media)
async def listing(request: web.Request) -> web.Response:
    """List the ISO images in the folder ``isos``, and what is known of each."""
    return web.json_response({"media": [_told(each) for each in request.app[MEDIA].all()]})


@routes.get("/api/v1/media/{medium}", answer=answers.Medium, errors=(404,))
async def one(request: web.Request) -> web.Response:
    """Tell of one ISO image."""
    return web.json_response(_told(request.app[MEDIA].get(request.match_info["medium"])))


@routes.put(
    "/api/v1/media/{medium}",
    bodies=(BYTES,),
    most=MEDIUM_LENGTH,
    status=201,
    answer=answers.MediumName,
    errors=(400, 409, 507),
)
async def take(request: web.Request) -> web.Response:
    """Put an ISO image into the folder ``isos``; what it holds is looked at then."""
    name, shelf, pool = request.match_info["medium"], request.app[MEDIA], request.app[POOLS].media
    if not is_name(name):
        raise web.HTTPBadRequest(text=f"{name[:80]!r} is not a name like fedora-40")
    try:
        incoming = await pool.run(Incoming, request.app[SETTINGS]().isos, name)
        try:
            async for piece in gathered(pieces(request)):
                await pool.run(incoming.write, piece)
            path = await pool.run(incoming.finish)
        finally:
            await pool.run(incoming.close)
    except FileExistsError as exc:
        why = f"{name}.iso is in the folder 'isos' already, or on its way there"
        raise AlreadyError(text=why) from exc
    except OSError as exc:
        why = f"{name}.iso cannot be written to the folder 'isos': {exc.strerror}"
        raise web.HTTPInsufficientStorage(text=why) from exc
    shelf.add(path)
    return web.json_response({"name": name}, status=201)


class Confirmed(Model):
    """What a medium boots.

    Attributes:
        kernel: A file on it; empty for the one that was guessed.
        initrds: Files on it, in order; of a kernel that is named here none, if none is.
        cmdline: What the kernel is passed; null for what was guessed.
    """

    kernel: Text = ""
    initrds: tuple[Text, ...] = ()
    cmdline: Text | None = None


@routes.post(
    "/api/v1/media/{medium}/confirm", body=Confirmed, answer=answers.Medium, errors=(404, 409)
)
async def confirm(request: web.Request) -> web.Response:
    """Make what was guessed of a medium, or what is said here, its recipe."""
    said: Confirmed = await body(request, Confirmed)
    try:
        found = await request.app[MEDIA].confirm(
            request.match_info["medium"], said.kernel, said.initrds, said.cmdline
        )
    except TakenError as exc:
        raise AlreadyError(text=str(exc)) from exc
    except MediumError as exc:
        raise web.HTTPConflict(text=str(exc)) from exc
    return web.json_response(_told(found))


def _told(medium: Medium) -> dict[str, Any]:
    contents = medium.contents
    facts = contents.facts if contents else None
    return {
        "name": medium.name,
        "file": medium.lying.path.name,
        "size": medium.lying.size,
        "state": str(medium.state),
        "why": medium.why,
        "title": _title(medium),
        "volume": facts.volume if facts else "",
        "names": facts.names if facts else "",
        "files": contents.tree.entries if contents else 0,
        "left_out": facts.left_out if facts else 0,
        "recipe": medium.recipe,
        "written": medium.lying.recipe,
        "entries": [
            {
                "label": entry.label,
                "kernel": entry.kernel,
                "initrds": list(entry.initrds),
                "cmdline": entry.cmdline,
                "source": entry.source,
            }
            for entry in (facts.entries if facts else ())
        ],
        "loaders": list(facts.loaders) if facts else [],
    }


def _title(medium: Medium) -> str:
    return str(medium.recipe.get("title", "")) if medium.recipe else ""
