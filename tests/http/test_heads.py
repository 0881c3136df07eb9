from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from pyxie.bounds import HTTP_HEAD
from tests.http.site import serving
from tests.http.test_admission import ASK, line, route

FIELDS = b"".join(b"X-%03d: %s\r\n" % (at, bytes([97]) * 8_000) for at in range(120))
"""Within all bounds of aiohttp's; it was two megabytes in memory, for each connection."""
CHUNKED = b"PUT /extra HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


async def length(request: web.Request) -> web.Response:
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=f"{size}")


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"GET / HTTP/1.1\r\n" + FIELDS, id="a head"),
        pytest.param(ASK + b"GET / HTTP/1.1\r\n" + FIELDS, id="a second one"),
        pytest.param(CHUNKED + b"0\r\n" + FIELDS, id="trailers"),
        pytest.param(CHUNKED + b"1\r\nx\r\n0\r\n" + FIELDS, id="trailers of some body"),
        pytest.param(CHUNKED + b"1;" + b"x" * 90_000, id="a word on a chunk"),
    ],
)
async def test_what_leads_to_no_request_is_not_kept(tmp_path: Path, endless: bytes) -> None:
    before = HTTP_HEAD.times
    async with serving(tmp_path) as served, line(served) as one:
        route(served, length)
        one.writer.write(endless)

        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                await one.reader.read()

    assert HTTP_HEAD.times == before + 1


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(
            b"GET /status HTTP/1.1\r\n" + FIELDS[:12_000] + b"\r\nHost: localhost\r\n\r\n",
            id="head",
        ),
        pytest.param(
            b"PUT /extra HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n"
            + bytes(900_000),
            id="body",
        ),
        pytest.param(CHUNKED + b"1;y\r\nx\r\n" * 30_000 + b"0\r\n\r\n", id="body in small chunks"),
    ],
)
async def test_what_is_one_is_taken_however_long_its_body(tmp_path: Path, asked: bytes) -> None:
    async with serving(tmp_path) as served, line(served) as one:
        route(served, length)

        assert await one.answered(asked)
        assert await one.answered(ASK * 400)  # of which one's answer is looked at
