"""The REST API of media: which there are, and what of them boots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from pyxie.bounds import MEDIUM_LENGTH
from pyxie.config.validate import Model
from pyxie.config.values import HttpUrl
from pyxie.errors import NotServedError
from pyxie.http import answers
from pyxie.http.bodies import body, pieces
from pyxie.http.edge import AlreadyError
from pyxie.http.parts import MEDIA, MEDIA_FETCHES, POOLS, SETTINGS
from pyxie.http.query import Text
from pyxie.http.routing import BYTES, Routes
from pyxie.media.extents import MediumError
from pyxie.media.fetches import Fetch
from pyxie.media.incoming import Incoming, gathered
from pyxie.media.isofolder import SUFFIX, is_name, name_of
from pyxie.media.shelf import Medium, State, TakenError

routes = Routes()


@routes.get("/api/v1/media", answer=answers.Media)
async def listing(request: web.Request) -> web.Response:
    """List the ISO images in the folder ``isos``, and what is known of each."""
    there = {each.name: _told(each) for each in request.app[MEDIA].all()}
    coming = {each.name: _coming(each) for each in request.app[MEDIA_FETCHES].all()}
    return web.json_response({"media": [each for _, each in sorted({**coming, **there}.items())]})


@routes.get("/api/v1/media/{medium}", answer=answers.Medium, errors=(404,))
async def one(request: web.Request) -> web.Response:
    """Tell of one ISO image."""
    name = request.match_info["medium"]
    try:
        return web.json_response(_told(request.app[MEDIA].get(name)))
    except NotServedError:
        coming = request.app[MEDIA_FETCHES].get(name)
        if coming is None:
            raise
        return web.json_response(_coming(coming))


class WantedMedium(Model):
    """An ISO image that is to be fetched.

    Attributes:
        url: Where it is.
        name: What it is to be called; empty for the name of its file.
    """

    url: HttpUrl
    name: Text = ""


@routes.post(
    "/api/v1/media",
    body=WantedMedium,
    may_be_empty=False,
    status=202,
    answer=answers.MediumName,
    errors=(409,),
)
async def fetch(request: web.Request) -> web.Response:
    """Begin to fetch an ISO image into the folder ``isos``; `GET` tells how far it has come.

    What breaks off is tried again, after a restart of pyxie too.
    """
    wanted: WantedMedium = await body(request, WantedMedium)
    return web.json_response({"name": begin(request, wanted.url, wanted.name)}, status=202)


def begin(request: web.Request, url: str, name: str = "") -> str:
    """Have an image fetched; return what it is called.

    Args:
        request: Who asks.
        url: Where it is.
        name: What it is to be called; empty for the name of its file.

    Raises:
        HTTPBadRequest: That is no name.
        AlreadyError: There is one of that name.
        BusyError: As many are fetched as may be.
    """
    file = PurePosixPath(urlsplit(url).path).name
    name = name or name_of(file.removesuffix(SUFFIX))
    _check_name(name)
    if any(each.name == name for each in request.app[MEDIA].all()):
        raise AlreadyError(text=_TAKEN.format(name))
    try:
        request.app[MEDIA_FETCHES].begin(name, url)
    except FileExistsError as exc:
        raise AlreadyError(text=_TAKEN.format(name)) from exc
    return name


_TAKEN: Final = "{}.iso is in the folder 'isos' already, or on its way there"


def _check_name(name: str) -> None:
    if not is_name(name):
        raise web.HTTPBadRequest(text=f"{name[:80]!r} is not a name like fedora-40")


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
    _check_name(name)
    try:
        incoming = await pool.run(Incoming, request.app[SETTINGS]().isos, name)
        try:
            async for piece in gathered(pieces(request)):
                await pool.run(incoming.write, piece)
            path = await pool.run(incoming.finish)
        finally:
            await pool.run(incoming.close)
    except FileExistsError as exc:
        raise AlreadyError(text=_TAKEN.format(name)) from exc
    except OSError as exc:
        why = f"{name}.iso cannot be written to the folder 'isos': {exc.strerror}"
        raise web.HTTPInsufficientStorage(text=why) from exc
    await shelf.add(path)
    return web.json_response({"name": name}, status=201)


@routes.delete("/api/v1/media/{medium}/fetch", answer=answers.MediumName, errors=(404,))
async def cancel(request: web.Request) -> web.Response:
    """End the fetch of an ISO image for good; nothing of it is kept."""
    name = request.match_info["medium"]
    try:
        await request.app[MEDIA_FETCHES].cancel(name)
    except NotServedError as exc:
        raise NotServedError(repr(name[:80]), "no such ISO image is being fetched") from exc
    return web.json_response({"name": name})


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


def _coming(fetch: Fetch) -> dict[str, Any]:
    of = f" of {fetch.size:,}" if fetch.size else ""
    waits = f"; {fetch.waits}" if fetch.waits else ""
    why = fetch.why or f"is on its way: {fetch.there:,}{of} bytes are here{waits}"
    return {
        **_NOTHING,
        "name": fetch.name,
        "file": f"{fetch.name}{SUFFIX}",
        "size": fetch.size or fetch.there,
        "state": str(State.BROKEN if fetch.why else State.LOOKING),
        "why": why,
    }


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType(
    {
        **dict.fromkeys(("title", "volume", "names"), ""),
        "files": 0,
        "left_out": 0,
        "recipe": None,
        "written": False,
        "entries": [],
        "loaders": [],
    }
)
"""What is known of an image that is not there yet."""


def _title(medium: Medium) -> str:
    return str(medium.recipe.get("title", "")) if medium.recipe else ""
