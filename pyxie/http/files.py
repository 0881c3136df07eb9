"""Files as answers: whole, or the range that is asked for.

A file system may hang, or take its time, so the event loop never asks it: files are found, opened
and sent by the threads of their folder, see `pyxie.http.outflow`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVarTuple, Unpack

from aiohttp import hdrs, web

from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.http.about import WHOLE, About, about_of, headers_of
from pyxie.http.outflow import Outflow, cork
from pyxie.http.progress import Watch
from pyxie.images.upstream import Moved, reset
from pyxie.openfile import Descriptor, OpenFile
from pyxie.openfile import opened as open_file
from pyxie.threads import Pool

log = logging.getLogger(__name__)

Ts = TypeVarTuple("Ts")
Beyond = Callable[[int], Awaitable[int]]
Rest = Callable[[PyxieError, web.StreamResponse, int, int], Awaitable[None]]

_PIECE: Final = 256 << 10
"""Bytes that are read at once where the kernel cannot send by itself."""
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


@asynccontextmanager
async def opened(pool: Pool, find: Callable[[*Ts], Path], *args: *Ts) -> AsyncIterator[OpenFile]:
    """Give the file that ``find`` finds with ``args``, in a thread of ``pool``.

    Raises:
        NotServedError: There is none, or it cannot be read.
        BusyError: Its file system does not answer.
    """
    async with held(pool, _open, find, *args) as file:
        yield file


@asynccontextmanager
async def held(
    pool: Pool, open_it: Callable[[Unpack[Ts]], OpenFile], *args: *Ts
) -> AsyncIterator[OpenFile]:
    """Give the file that ``open_it`` opens with ``args``, in a thread of ``pool``.

    Raises:
        NotServedError: As ``open_it`` does.
        BusyError: Its file system does not answer.
    """
    file = await pool.run(open_it, *args)
    try:
        yield file
    finally:
        file.close()


def _open(find: Callable[[*Ts], Path], *args: *Ts) -> OpenFile:
    path = find(*args)
    try:
        return open_file(path)
    except OSError as exc:
        raise NotServedError(path.name, f"cannot be opened: {exc.strerror}") from exc


async def send(
    request: web.Request,
    pool: Pool,
    file: OpenFile,
    moved: Moved | None = None,
    *,
    about: About | None = None,
    beyond: Beyond | None = None,
    rest: Rest | None = None,
) -> web.StreamResponse:
    """Answer with a file, or with the part of it that is asked for.

    Args:
        request: GET or HEAD.
        pool: Whose threads read it.
        file: Open until this returns.
        moved: Called with how far it has come, once a second.
        about: What is said of it, if not what its folder knows.
        beyond: Of a file that still grows: waits until there is more than so much, and
            returns how much there is.
        rest: Is told why ``beyond`` has failed, and sends what is missing from a byte on to
            before another; or raises.

    Raises:
        ConnectionError: The client left, or the rest of the file cannot be had: the
            connection is of no more use.
    """
    about = about or about_of(file)
    part = _part(request, about)
    headers = headers_of(about, part.headers)
    if part.status != HTTPStatus.NOT_MODIFIED:
        headers[hdrs.CONTENT_LENGTH] = str(part.count)
    answer = web.StreamResponse(status=part.status, headers=headers)
    sock = request.transport.get_extra_info("socket") if request.transport else None
    corked = False
    if sock is not None and beyond is None and request.method == "GET" and part.count:
        with suppress(OSError):
            cork(sock)
            corked = True
    await answer.prepare(request)
    try:
        if request.method == "GET" and part.count:
            with _watched(request, part.count, moved):
                try:
                    await _body(request, answer, pool, file, part, beyond, corked=corked)
                except _NoMoreError as exc:
                    if rest is None:
                        raise exc.why from exc
                    await rest(exc.why, answer, exc.at, part.start + part.count)
        await answer.write_eof()
    except (BusyError, OSError, PyxieError) as exc:
        if isinstance(exc, PyxieError) and not isinstance(exc, BusyError):
            reset(request)  # there is no more of what grows
            raise
        if isinstance(exc, ConnectionError | TimeoutError):
            raise
        # A disk that cannot be read, a client without a route.
        if request.transport is not None:
            request.transport.abort()
        log.warning("%s was not sent to %s: %s", file.path, request.remote, exc)
        raise ConnectionAbortedError(str(exc)) from exc
    return answer


def _watched(request: web.Request, count: int, moved: Moved | None) -> AbstractContextManager[None]:
    return nullcontext() if moved is None else Watch(request.transport, lambda: count, moved)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is sent of a file.

    Attributes:
        status: Of the answer.
        start: The first byte.
        count: How many bytes.
        headers: What there is to be said of it.
    """

    status: HTTPStatus
    start: int
    count: int
    headers: Mapping[str, str]


def _part(request: web.Request, file: About) -> _Part:
    """Return what is asked for (RFC 9110, sections 13.2.2 and 14.2).

    A range of another unit, of several parts or that is malformed may or must be ignored.
    """
    condition = _condition(request, file)
    if condition is not None:
        return _Part(condition, 0, 0, {})
    size = file.size
    whole = _Part(HTTPStatus.OK, 0, size, WHOLE)
    one = _RANGE.fullmatch(request.headers.get(hdrs.RANGE, "").strip())
    if one is None or not _same_as_before(request, file):
        return whole
    first, last, suffix = one.groups()
    if first is None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return whole
    if start >= size:
        told: Mapping[str, str] = {hdrs.CONTENT_RANGE: f"bytes */{size}"}
        return _Part(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, 0, told)
    told = {hdrs.CONTENT_RANGE: f"bytes {start}-{end - 1}/{size}", hdrs.ACCEPT_RANGES: "bytes"}
    return _Part(HTTPStatus.PARTIAL_CONTENT, start, end - start, told)


def _condition(request: web.Request, file: About) -> HTTPStatus | None:
    """Return what is answered in place of the file, by the request's conditions."""
    mine, changed = file.etag.strip('"'), file.changed
    if (wanted := request.if_match) is not None:
        if not any(
            each.value == "*" or (each.value == mine and not each.is_weak) for each in wanted
        ):
            return HTTPStatus.PRECONDITION_FAILED
    elif (since := request.if_unmodified_since) and changed and changed > since.timestamp():
        return HTTPStatus.PRECONDITION_FAILED
    if (had := request.if_none_match) is not None:
        if any(each.value in ("*", mine) for each in had):
            return HTTPStatus.NOT_MODIFIED
    elif (since := request.if_modified_since) and changed and changed <= since.timestamp():
        return HTTPStatus.NOT_MODIFIED
    return None


def _same_as_before(request: web.Request, file: About) -> bool:
    """Tell whether a part fits what the client has, as far as it says (section 13.1.5)."""
    said = request.headers.get(hdrs.IF_RANGE)
    if said is None:
        return True
    since = request.if_range
    if since is None:
        return bool(file.etag) and said.strip() == file.etag
    return file.changed is not None and file.changed <= since.timestamp()


class _NoMoreError(Exception):
    """A file that grows will not have what comes next.

    Attributes:
        at: The first byte that is missing.
        why: What was raised.
    """

    def __init__(self, at: int, why: PyxieError) -> None:
        super().__init__(at, why)
        self.at = at
        self.why = why


async def _body(
    request: web.Request,
    answer: web.StreamResponse,
    pool: Pool,
    file: OpenFile,
    part: _Part,
    beyond: Beyond | None,
    *,
    corked: bool,
) -> None:
    transport = request.transport
    if transport is None:
        raise ConnectionResetError
    sock = transport.get_extra_info("socket")
    at, end = part.start, part.start + part.count
    there = end if beyond is None else at
    if sock is None:  # a transport that is none of the kernel's
        while at < end:
            there = await _more(beyond, at, there)
            data = await pool.run(file.read, at, min(_PIECE, end - at, there - at))
            at += _moved_on(len(data), file)
            await answer.write(data)
        return
    await _flushed(request, transport)
    # A number of its own: asyncio watches the other, and closes it when the client leaves.
    out = Descriptor(os.dup(sock.fileno()))
    try:
        while at < end:
            there = await _more(beyond, at, there)
            if transport.is_closing():
                raise ConnectionResetError
            flow = Outflow(file, at, min(end, there), corked=corked)
            await pool.writers.write(out, flow.turn, transport.is_closing)
            at, corked = min(end, there), False
    except _NoMoreError:
        raise
    except BaseException:
        with suppress(OSError):  # a thread may have `out` for long, and the client would wait
            sock.shutdown(socket.SHUT_RDWR)
        raise
    finally:
        out.close()


async def _more(beyond: Beyond | None, at: int, there: int) -> int:
    """Return how much is there, once it is more than ``at``."""
    if beyond is None or there > at:
        return there
    try:
        return await beyond(at)
    except PyxieError as exc:
        raise _NoMoreError(at, exc) from exc


def _moved_on(count: int, file: OpenFile) -> int:
    if count == 0:  # written over while it was sent: the client waits for bytes that never come
        raise OSError(0, f"{file.path.name} became shorter while it was sent")
    return count


async def _flushed(request: web.Request, transport: asyncio.Transport) -> None:
    """Wait until the head of the answer is with the kernel, for the file comes behind it."""
    if transport.get_write_buffer_size():
        low, high = transport.get_write_buffer_limits()
        transport.set_write_buffer_limits(0)
        try:
            await request.writer.drain()
        finally:
            transport.set_write_buffer_limits(high, low)
