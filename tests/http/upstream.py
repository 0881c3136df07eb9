"""A mirror: what ``image_url`` leads to, with a mirror's faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeAlias

from aiohttp import web

File: TypeAlias = "bytes | int | str | tuple[str, bytes]"
"""Its content; or a status to answer with; or where it has moved; or a content and its fault:
only half is sent, with its ``length`` said before or in chunks, or then nothing more (``stops``);
or only its head, while `Mirror.may` is cleared (``late``)."""


@dataclass
class Mirror:
    """Where it is, and what it was asked.

    Attributes:
        kind: What it calls whole files.
        may: Cleared, to have it keep all who ask waiting.
    """

    files: Mapping[str, File]
    url: str = ""
    kind: str = "application/octet-stream"
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    may: asyncio.Event = field(default_factory=asyncio.Event)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = PurePosixPath(request.path).name
        self.asked.append((request.method, name))
        self.urls.append(request.raw_path)
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.read())
        file = self.files[name]
        if not isinstance(file, tuple) or file[0] != "late":
            await self.may.wait()
        match file:
            case int():
                return web.Response(status=file)
            case str():
                raise web.HTTPFound(file)
            case bytes():
                return _whole(request, file, self.kind)
            case ("late", content):
                return await self._late(request, content)
            case (how, content):
                return await _half(request, how, content)

    async def _late(self, request: web.Request, content: bytes) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(content)
        await response.prepare(request)
        await self.may.wait()
        await response.write(content)
        return response


def _whole(
    request: web.Request, content: bytes, kind: str = "application/octet-stream"
) -> web.Response:
    part = request.http_range
    start, stop, _ = part.indices(len(content))
    if part.start is None:
        return web.Response(body=content, headers={"Content-Type": kind})
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
    if how == "stops":
        await asyncio.Event().wait()
    assert request.transport is not None
    request.transport.close()
    return response


@asynccontextmanager
async def mirror(files: Mapping[str, File]) -> AsyncIterator[Mirror]:
    """Serve files on a free port."""
    there = Mirror(files)
    there.may.set()
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
        there.may.set()
        await runner.cleanup()
