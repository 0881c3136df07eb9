"""What clients send: no more of it than its operation takes, and never parsed on the event loop.

The length is bounded before anything is read, by ``Content-Length``, and while it is read, for a
chunked body need not say how long it is (RFC 9112 section 7.1).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, TypeVarTuple, Unpack
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import ValidationError

from pyxie.bounds import BODY_LENGTH, BODY_VALUES, Bound
from pyxie.builds.definitions import BODY
from pyxie.config.counted import check_json
from pyxie.config.nodes import in_short
from pyxie.config.validate import Model, all_told
from pyxie.errors import ConfigError
from pyxie.http.edge import ROUTED
from pyxie.http.parts import POOLS

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def whole(request: web.Request) -> bytes:
    """Return a request's body.

    Raises:
        HTTPRequestEntityTooLarge: It is longer than its operation takes.
    """
    return b"".join([piece async for piece in pieces(request)])


async def end(request: web.Request, kept: Bound) -> bytes:
    """Return the last bytes of a request's body, as many as ``kept``; raises as `whole`."""
    read, size = bytearray(), 0
    async for piece in pieces(request):
        size += len(piece)
        read += piece
        del read[: -kept.whole]
    if size > kept.whole:
        kept.reached()
    return bytes(read)


async def body(request: web.Request, model: type[Model], *, values: Bound = BODY_VALUES) -> Any:
    """Return a body, which is JSON, as a ``model``; of an empty one, its defaults.

    Raises:
        HTTPBadRequest: It does not fit.
        HTTPRequestEntityTooLarge: As `whole`.
    """
    sent = await whole(request)
    return await aside(request, _fitted, sent, model, values)


async def aside(request: web.Request, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
    """Return what ``work`` makes of what a client sent, in a thread of management's."""
    return await request.app[POOLS].management.run(work, *args)


async def form(request: web.Request) -> dict[str, str]:
    """Return what a form of the page sends, by the names of its fields; of each the last value.

    Fields that may be sent several times are read by `fields`.
    """
    return dict(await fields(request))


async def fields(request: web.Request) -> list[tuple[str, str]]:
    """Return the fields of a form, in their order; ``application/x-www-form-urlencoded``.

    Raises:
        HTTPBadRequest: It is no form, or has too many fields.
        HTTPRequestEntityTooLarge: As `whole`.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType(text="send a form: application/x-www-form-urlencoded")
    return await aside(request, _fields, await whole(request))


def _fields(sent: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            sent.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=BODY_VALUES.whole,
        )
    except ValueError as exc:
        raise web.HTTPBadRequest(text=f"the form cannot be read: {exc}") from exc


async def large(
    request: web.Request,
    make: Callable[[], Any],
    *,
    dumps: Callable[[Any], str] = json.dumps,
) -> web.Response:
    """Return as JSON what grows with the site: made and written in a thread of management's.

    Args:
        request: Who asks.
        make: Makes it of snapshots, in the thread.
        dumps: Writes it, there too.
    """
    written = await aside(request, lambda: dumps(make()).encode())
    return web.Response(body=written, content_type="application/json", charset="utf-8")


async def pieces(request: web.Request) -> AsyncIterator[bytes]:
    """Yield a request's body as it comes, for what need not be held whole; raises as `whole`."""
    operation = request.app[ROUTED].get(request.match_info.route)
    most = operation.most if operation is not None else BODY_LENGTH
    _check(request.content_length or 0, most)
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        _check(size, most)
        yield piece


def _check(size: int, most: Bound) -> None:
    if size > most.whole:
        most.reached()
        why = f"the body is over {in_short(most.whole)}"
        raise web.HTTPRequestEntityTooLarge(most.whole, size, text=why)


def _fitted(sent: bytes, model: type[Model], values: Bound) -> Model:
    # JSON is UTF-8 (RFC 8259 section 8.1), whatever the header says.
    try:
        check_json(sent, BODY, values)
        return model.model_validate(json.loads(sent) if sent.strip() else {})
    except ValidationError as exc:
        raise web.HTTPBadRequest(text="\n".join(all_told(model, exc))) from exc
    except ConfigError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc
    except (ValueError, RecursionError) as exc:
        raise web.HTTPBadRequest(text=f"the body is not JSON: {exc}") from exc
