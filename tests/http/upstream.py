"""A mirror: what ``image_url`` leads to, with a mirror's faults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeAlias

from aiohttp import web

File: TypeAlias = "bytes | int | str | tuple[str, bytes]"
"""Its content; or a status to answer with; or where it has moved; or a content of which
only half is sent, with its length said before or in chunks."""


@dataclass
class Mirror:
    """Where it is, and what it was asked."""

    files: Mapping[str, File]
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = PurePosixPath(request.path).name
        self.asked.append((request.method, name))
        self.urls.append(request.raw_path)
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.read())
        file = self.files[name]
        match file:
            case int():
                return web.Response(status=file)
            case str():
                raise web.HTTPFound(file)
            case bytes():
                return _whole(request, file)
            case (how, content):
                return await _half(request, how, content)


def _whole(request: web.Request, content: bytes) -> web.Response:
    part = request.http_range
    start, stop, _ = part.indices(len(content))
    if part.start is None:
        return web.Response(body=content)
    if part.start >= len(content):
        return web.Response(status=416)
    told = {"Content-Range": f"bytes {start}-{stop - 1}/{len(content)}"}
    return web.Response(status=206, body=content[part], headers=told)


async def _half(request: web.Request, how: str, content: bytes) -> web.StreamResponse:
    response = web.StreamResponse()
    if how == "length":
        response.content_length = len(content)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


@asynccontextmanager
async def mirror(files: Mapping[str, File]) -> AsyncIterator[Mirror]:
    """Serve files on a free port."""
    there = Mirror(files)
    app = web.Application()
    app.router.add_route("*", "/{name:.*}", there.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield there
    finally:
        await runner.cleanup()
