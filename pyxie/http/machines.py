"""Machines over REST: listed, shown, created, changed, deleted.

A change needs an ``If-Match`` with the ETag that the caller has seen (RFC 6585 section 3),
so that of two who change one machine the second is told.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import quote

from aiohttp import web

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build
from pyxie.config.nodes import Plain, parse
from pyxie.config.validate import Model
from pyxie.errors import ConfigError, Problem
from pyxie.http import answers
from pyxie.http.builds import build_json
from pyxie.http.edge import fault, peer, problem
from pyxie.http.hosts import unknown
from pyxie.http.lists import OfMachines, wanted
from pyxie.http.parts import BUILDS, DEFINITIONS, HOOKS, INDEX, MACHINES
from pyxie.http.query import query
from pyxie.http.routing import JSON, MERGE_PATCH, NOTHING, YAML, Routes
from pyxie.registry.edit import EditError, merged, plain, rewritten, written
from pyxie.registry.machine import Machine
from pyxie.registry.writer import (
    Accepts,
    ExistsError,
    FullError,
    NotThereError,
    ReadOnlyError,
    StaleError,
    Stored,
    WriteError,
)

log = logging.getLogger(__name__)
routes = Routes()

_YAMLS: Final = frozenset((YAML, "application/x-yaml", "text/yaml"))
_BODY: Final = Path("body")
_WRITING: Final = (409, 412, 415, 428, 507)
"""What may go wrong with a change to a file."""
_HOW: Final = "send the ETag that GET gave as If-Match"


@routes.get("/api/v1/machines", query=OfMachines, answer=answers.Machines)
async def machines(request: web.Request) -> web.Response:
    """List machines with the newest build of each, and the problems of machine files."""
    index, of = request.app[INDEX], query(request, OfMachines)
    definitions, registry = request.app[DEFINITIONS], await request.app[MACHINES].refresh()
    # A build goes on although its machine's file has broken, or has gone.
    building = {build.host: definitions.of(build) for build in builds_of(index)}
    found = {**building, **registry.machines}
    names = sorted(host for host in found if host > of.after and wanted(index, found[host], of))
    page = names[: of.limit]
    return web.json_response(
        {
            "machines": [_machine(index, found[host]) for host in page],
            "problems": [str(problem) for problem in registry.problems],
            "next": page[-1] if len(page) < len(names) else None,
        }
    )


@routes.get("/api/v1/machines/{hostname}", answer=answers.ShownMachine, errors=(404,))
async def machine(request: web.Request) -> web.Response:
    """Return a machine: its file, its builds' history, its hooks, and problems of its file.

    With ``Accept: application/yaml`` it is the file itself.
    """
    files, name = request.app[MACHINES], request.match_info["hostname"]
    registry = await files.refresh()
    found = registry.find(name)
    build = request.app[INDEX].of(name.lower())
    if found is None and build is not None:
        found = request.app[DEFINITIONS].of(build)
    try:
        stored = await asyncio.to_thread(files.writer.read, name, registry)
    except WriteError:
        stored = None
    if found is None and stored is None:
        raise web.HTTPNotFound(text=unknown(name, registry.near(name)))
    if stored is not None and YAML in request.headers.get("Accept", ""):
        answer = web.Response(body=stored.raw, content_type=YAML)
    else:
        answer = web.json_response(await _shown(request, name, found, stored))
    answer.headers["Vary"] = "Accept"
    if stored is not None:
        answer.headers["ETag"] = f'"{stored.etag}"'
    return answer


def _refusing(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Turn what a change may fail of into answers."""

    @wraps(handler)
    async def answered(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ConfigError as exc:
            problems = [str(each) for each in exc.problems]
            return problem(400, "Bad Request", "\n".join(problems), problems)
        except (WriteError, EditError) as exc:
            return fault(request, _status(exc), str(exc))

    return answered


def _status(exc: WriteError | EditError) -> int:
    match exc:
        case NotThereError():
            return 404
        case ExistsError() | ReadOnlyError() | EditError():
            return 409
        case StaleError():
            return 412
        case FullError():
            return 507
        case _:
            return 500


@routes.post(
    "/api/v1/machines",
    body=Machine,
    bodies=(JSON, YAML),
    may_be_empty=False,
    answer=answers.ShownMachine,
    status=201,
    errors=(409, 415, 507),
)
@_refusing
async def create(request: web.Request) -> web.Response:
    """Create a machine: write its file."""
    text, data = await _whole(request)
    host = data.get("hostname")
    if not isinstance(host, str) or not host:
        _wrong("hostname: missing")
    return await _created(request, host, text)


@routes.put(
    "/api/v1/machines/{hostname}",
    body=Machine,
    bodies=(JSON, YAML),
    may_be_empty=False,
    matched=True,
    created=True,
    answer=answers.ShownMachine,
    errors=_WRITING,
)
@_refusing
async def replace(request: web.Request) -> web.Response:
    """Replace a machine's file; with ``If-None-Match: *``, create a machine."""
    host = request.match_info["hostname"]
    if request.headers.get("If-None-Match", "").strip() == "*":
        text, _ = await _whole(request)
        try:
            return await _created(request, host, text)
        except ExistsError as exc:
            return fault(request, 412, str(exc))
    accepts = _accepts(request, "; to create a machine, send If-None-Match: *")
    text, data = await _whole(request)

    def edit(stored: Stored) -> str:
        if request.content_type in _YAMLS:
            return text
        try:
            return rewritten(stored.raw.decode(), data)
        except (ConfigError, EditError, UnicodeDecodeError):
            return text

    try:
        return await _changed(request, edit, accepts)
    except NotThereError as exc:
        message = f"{exc}, so If-Match cannot hold; to create it, send If-None-Match: *"
        return fault(request, 412, message)


@routes.patch(
    "/api/v1/machines/{hostname}",
    body=Machine,
    bodies=(JSON, MERGE_PATCH),
    may_be_empty=False,
    matched=True,
    answer=answers.ShownMachine,
    errors=(404, *_WRITING),
)
@_refusing
async def change(request: web.Request) -> web.Response:
    """Change a machine's file by a JSON merge patch (RFC 7396).

    ``null`` removes a key. The file's comments and order are kept.
    """
    accepts = _accepts(request)
    if request.content_type not in (MERGE_PATCH, JSON):
        _unsupported(f"{MERGE_PATCH} or {JSON}")
    patch = _json(await request.read())

    def edit(stored: Stored) -> str:
        document = parse(stored.raw, stored.file.path)
        try:
            return rewritten(stored.raw.decode(), merged(document.data, patch))
        except EditError as exc:
            message = f"{stored.file.path} cannot be changed piece by piece: {exc}; PUT it whole"
            raise EditError(message) from exc

    return await _changed(request, edit, accepts)


class Forced(Model):
    """Whether to delete in any case.

    Attributes:
        force: Delete even in build mode; the active build continues unchanged.
    """

    force: bool = False


@routes.delete(
    "/api/v1/machines/{hostname}",
    query=Forced,
    matched=True,
    answer=NOTHING,
    status=204,
    errors=(404, 409, 412, 428, 507),
)
@_refusing
async def remove(request: web.Request) -> web.Response:
    """Delete a machine's file.

    In build mode the answer is 409, unless ``force=1``.
    """
    files, host = request.app[MACHINES], request.match_info["hostname"]
    force = query(request, Forced).force
    accepts = _accepts(request)
    async with files.writing:
        registry = await files.refresh()
        name = registry.hostname_of(host)
        if request.app[INDEX].active(name) and not force:
            message = f"{name} is in build mode; cancel that first, or say force=1 (--force)"
            raise web.HTTPConflict(text=message)
        await asyncio.to_thread(files.writer.remove, host, registry, accepts)
        await files.refresh()
    log.info("the machine %s was removed by %s", name, peer(request))
    return web.Response(status=204)


async def _created(request: web.Request, host: str, text: str) -> web.Response:
    files = request.app[MACHINES]
    async with files.writing:
        registry = await files.refresh()
        stored = await asyncio.to_thread(files.writer.create, host, text, registry)
        await files.refresh()
    log.info("the machine %s was created by %s", stored.file.hostname, peer(request))
    answer = await _answer(request, stored, 201)
    answer.headers["Location"] = f"/api/v1/machines/{quote(str(stored.file.hostname))}"
    return answer


async def _changed(
    request: web.Request, edit: Callable[[Stored], str], accepts: Accepts
) -> web.Response:
    files, host = request.app[MACHINES], request.match_info["hostname"]
    async with files.writing:
        registry = await files.refresh()
        stored = await asyncio.to_thread(files.writer.change, host, edit, registry, accepts)
        await files.refresh()
    log.info("the machine %s was changed by %s", stored.file.hostname, peer(request))
    return await _answer(request, stored, 200)


async def _answer(request: web.Request, stored: Stored, status: int) -> web.Response:
    name = str(stored.file.hostname)
    body = await _shown(request, name, stored.file.machine, stored)
    return web.json_response(body, status=status, headers={"ETag": f'"{stored.etag}"'})


def _accepts(request: web.Request, more: str = "") -> Accepts:
    """Return the request's ``If-Match`` as a condition (RFC 9110 section 13.1.1)."""
    header = request.headers.get("If-Match")
    if header is None:
        raise web.HTTPPreconditionRequired(text=_HOW + more)
    # A weak one, W/"…", never matches.
    tags = {tag.strip() for tag in header.split(",")}
    return lambda etag: "*" in tags or f'"{etag}"' in tags


async def _whole(request: web.Request) -> tuple[str, dict[str, Plain]]:
    """Return a body that is a machine, as the text of its file and as data."""
    raw = await request.read()
    if request.content_type in _YAMLS:
        data = parse(raw, _BODY, tolerant=True).data
        text = raw.decode("utf-8-sig")
    elif request.content_type == JSON:
        data = _json(raw)
        text = ""
    else:
        _unsupported(f"{JSON} or {YAML}")
    if not isinstance(data, dict):
        _wrong("must be a mapping of keys to values")
    return text or written(data), data


def _json(raw: bytes) -> Plain:
    """Return a JSON body; numbers keep their text, so that 1.10 is not 1.1."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("an object has a key twice")
        return found

    try:
        found = plain(
            json.loads(
                raw, object_pairs_hook=once, parse_float=str, parse_int=str, parse_constant=str
            )
        )
        json.dumps(found, ensure_ascii=False).encode()  # not if a surrogate is alone
    except (ValueError, RecursionError) as exc:
        _wrong(f"is not JSON: {exc}")
    return found


def _wrong(sentence: str) -> NoReturn:
    raise ConfigError([Problem(_BODY, 0, 0, "", sentence)])


def _unsupported(wanted: str) -> NoReturn:
    raise web.HTTPUnsupportedMediaType(text=f"the Content-Type must be {wanted}")


def builds_of(index: BuildIndex) -> list[Build]:
    """Return the newest build of each machine that has one to tell of."""
    found = (index.of(host) for host in index.status())
    return [build for build in found if build is not None]


def _machine(index: BuildIndex, machine: Machine) -> dict[str, Any]:
    build = index.of(machine.hostname)
    return {
        "hostname": machine.hostname,
        "macs": machine.macs,
        "build": build_json(build) if build else None,
    }


async def _shown(
    request: web.Request, name: str, machine: Machine | None, stored: Stored | None
) -> dict[str, Any]:
    host = machine.hostname if machine else (stored and stored.file.hostname) or name.lower()
    document = stored.file.document if stored else None
    build = request.app[INDEX].of(host)
    return {
        "hostname": host,
        "macs": machine.macs if machine else (),
        "build": build_json(build) if build else None,
        "history": await request.app[BUILDS].history(host),
        "hooks": await request.app[HOOKS].history(host),
        "definition": document.data if document else None,
        "problems": [str(each) for each in request.app[MACHINES]().why_broken(host)],
    }
