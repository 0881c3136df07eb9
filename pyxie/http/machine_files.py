"""Machines over REST: created, changed, deleted.

A change needs an ``If-Match`` with the ETag that the caller has seen (RFC 6585 section 3),
so that of two changes to one machine the second is refused.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, NoReturn
from urllib.parse import quote

from aiohttp import web

from pyxie.bounds import YAML_LENGTH
from pyxie.builds.definitions import BODY
from pyxie.config.counted import check_json
from pyxie.config.nodes import FILE, Plain, parse
from pyxie.config.validate import Model
from pyxie.errors import ConfigError, Problem
from pyxie.http import answers
from pyxie.http.bodies import aside, whole
from pyxie.http.edge import ALREADY, fault, problem
from pyxie.http.filewrites import changed, created, removed
from pyxie.http.machines import shown
from pyxie.http.parts import SETTINGS
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

routes = Routes()

_YAMLS: Final = frozenset((YAML, "application/x-yaml", "text/yaml"))
_WRITING: Final = (409, 412, 415, 428, 507)
"""What may go wrong with a change to a file."""
_HOW: Final = "send the ETag that GET gave as If-Match"
_CREATING: Final = "; to create it, send If-None-Match: *; to do either, say upsert=1"


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
            problems += await request.app[SETTINGS].not_in_force()
            return problem(400, "Bad Request", "\n".join(problems), problems)
        except (WriteError, EditError) as exc:
            code = ALREADY if isinstance(exc, ExistsError) else None
            return fault(request, _status(exc), str(exc), code=code)

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
    most=YAML_LENGTH,
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


class Upsert(Model):
    """Whether it has to be there.

    Attributes:
        upsert: Replace the file if it is there, else create it; no precondition is needed.
    """

    upsert: bool = False


@routes.put(
    "/api/v1/machines/{hostname}",
    body=Machine,
    most=YAML_LENGTH,
    bodies=(JSON, YAML),
    may_be_empty=False,
    query=Upsert,
    matched=True,
    created=True,
    answer=answers.ShownMachine,
    errors=_WRITING,
)
@_refusing
async def replace(request: web.Request) -> web.Response:
    """Replace a machine's file; with ``If-None-Match: *``, create a machine.

    With ``upsert=1``, or ``If-Match: *``, it is replaced if it is there, and else created.
    """
    host = request.match_info["hostname"]
    upsert = query(request, Upsert).upsert
    if request.headers.get("If-None-Match", "").strip() == "*":
        text, _ = await _whole(request)
        try:
            return await _created(request, host, text)
        except ExistsError as exc:
            return fault(request, 412, str(exc))
    header = request.headers.get("If-Match")
    # RFC 9110 lets "*" fail where there is nothing yet; whoever sends it to pyxie does not mind.
    upsert = header.strip() == "*" if header is not None else upsert
    accepts = _any if upsert else _accepts(request, _CREATING)
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
        if not upsert:
            return fault(request, 412, f"{exc}, so If-Match cannot hold{_CREATING}")
    try:
        return await _created(request, host, text)
    except ExistsError:  # since a moment ago
        return await _changed(request, edit, accepts)


@routes.patch(
    "/api/v1/machines/{hostname}",
    body=Machine,
    most=YAML_LENGTH,
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
    patch = await aside(request, _json, await whole(request))

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
    force = query(request, Forced).force
    await removed(request, request.match_info["hostname"], _accepts(request), force=force)
    return web.Response(status=204)


async def _created(request: web.Request, host: str, text: str) -> web.Response:
    stored = await created(request, host, text)
    answer = await _answer(request, stored, 201)
    answer.headers["Location"] = f"/api/v1/machines/{quote(str(stored.file.hostname))}"
    return answer


async def _changed(
    request: web.Request, edit: Callable[[Stored], str], accepts: Accepts
) -> web.Response:
    stored = await changed(request, request.match_info["hostname"], edit, accepts)
    return await _answer(request, stored, 200)


async def _answer(request: web.Request, stored: Stored, status: int) -> web.Response:
    name = str(stored.file.hostname)
    body = await shown(request, name, stored.file.machine, stored)
    return web.json_response(body, status=status, headers={"ETag": f'"{stored.etag}"'})


def _any(_etag: str) -> bool:
    return True


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
    kind = request.content_type
    if kind != JSON and kind not in _YAMLS:
        _unsupported(f"{JSON} or {YAML}")
    raw = await whole(request)
    return await aside(request, _of_json if kind == JSON else _of_yaml, raw)


def _of_yaml(raw: bytes) -> tuple[str, dict[str, Plain]]:
    data = parse(raw, BODY, tolerant=True).data
    text = raw.decode("utf-8-sig")
    found = _mapping(data)
    return text or written(found), found


def _of_json(raw: bytes) -> tuple[str, dict[str, Plain]]:
    found = _mapping(_json(raw))
    return written(found), found


def _mapping(data: Plain) -> dict[str, Plain]:
    if not isinstance(data, dict):
        _wrong("must be a mapping of keys to values")
    return data


def _json(raw: bytes) -> Plain:
    """Return a JSON body; numbers keep their text, so that 1.10 is not 1.1."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("an object has a key twice")
        return found

    check_json(raw, BODY, FILE.values)
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
    raise ConfigError([Problem(BODY, 0, 0, "", sentence)])


def _unsupported(wanted: str) -> NoReturn:
    raise web.HTTPUnsupportedMediaType(text=f"the Content-Type must be {wanted}")
