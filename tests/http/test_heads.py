from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from pyxie.bounds import HTTP_HEAD
from pyxie.http.heads import Heads
from tests.http.site import serving
from tests.http.test_admission import ASK, line, route
from tests.support import eventually

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
            async with asyncio.timeout(60):
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


class TestWhatAiohttpDoesNotPromise:
    """`Heads` alone looks at three of its attributes, whose names begin with an underscore."""

    def test_is_that_of_the_version_that_was_read(self) -> None:
        """Another: read data_received() and start() in its web_protocol.py, and the tests below."""
        lock = (Path(__file__).parents[2] / "requirements.lock").read_text()

        assert re.findall(r"^aiohttp==([^ ]+)", lock, re.MULTILINE) == ["3.14.5"]

    async def test_messages_are_heads_with_their_bodies_until_each_ones_turn(
        self, handler: web.RequestHandler
    ) -> None:
        heads = Heads(handler)
        for path in ("/one", "/two"):
            heads.feed(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())

        told = [(getattr(head, "path", ""), body.is_eof()) for head, body in handler._messages]
        assert told == [("/one", True), ("/two", True)]
        assert heads.clean

    async def test_a_body_is_not_at_its_end_before_it_came(
        self, handler: web.RequestHandler
    ) -> None:
        heads = Heads(handler)
        heads.feed(b"PUT /one HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")

        assert [body.is_eof() for _, body in handler._messages] == [False]
        assert not heads.clean

    async def test_it_waits_while_nothing_is_asked(self, handler: web.RequestHandler) -> None:
        heads = Heads(handler)
        await eventually(heads.waits)

        heads.feed(b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n")

        assert not heads.waits()
        await eventually(heads.waits)

    async def test_an_upgrade_has_what_follows_be_no_heads(
        self, handler: web.RequestHandler
    ) -> None:
        heads = Heads(handler)
        heads.feed(
            b"GET /one HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        )

        assert handler._upgraded
        assert not heads.clean


class Nowhere(asyncio.Transport):
    """What is written to it is gone."""

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


@pytest.fixture
async def handler() -> AsyncIterator[web.RequestHandler]:
    """One that has a connection, and has not begun with what comes on it."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response()

    made = web.Server(answer)()
    made.connection_made(Nowhere())
    yield made
    made.connection_lost(None)
    await made.shutdown(0.1)
