from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pyxie.bounds import HTTP_BODY_PACE, HTTP_FIRST_REQUEST, HTTP_REFUSALS, HTTP_STILL
from pyxie.http.admission import Admission, Patience
from pyxie.http.events import _HEARTBEAT
from pyxie.http.gate import Side
from pyxie.rate import Spacing
from tests.http.site import CONFIG, Served, serving
from tests.support import Passing, eventually

ASK = b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
OPEN = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Line:
    """One connection of a client's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answered(self, ask: bytes = ASK) -> bool:
        """Ask; False if the server has hung up."""
        try:
            self.writer.write(ask)
            async with asyncio.timeout(60):
                head = await self.reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", head)
                await self.reader.readexactly(int(length[1]) if length else 0)
        except (ConnectionError, asyncio.IncompleteReadError):
            return False
        assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
        return True

    async def hung_up(self) -> bool:
        """Wait for the server's end of it."""
        async with asyncio.timeout(60):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


@contextlib.asynccontextmanager
async def line(served: Served, source: str = "127.0.0.1") -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", served.server.port, local_addr=(source, 0)
    )
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def limited(per_address: int, total: int) -> str:
    return f"{CONFIG}limits: {{http_per_address: {per_address}, http_total: {total}}}\n"


class TestCaps:
    async def test_one_address_holds_so_many_and_others_are_served(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with (
            serving(tmp_path, config=limited(2, 10), to_strangers=True) as served,
            line(served) as one,
            line(served) as two,
        ):
            assert await one.answered(OPEN)
            assert await two.answered(OPEN)
            async with line(served) as three, line(served, "127.0.0.2") as other:
                assert not await three.answered(OPEN)
                assert await other.answered(OPEN)
            assert await one.answered(OPEN)

        assert [each.message for each in caplog.records if each.levelname == "WARNING"] == [
            "HTTP connections are refused; too many: 2 from 127.0.0.1: 'limits.http_per_address'"
        ]

    async def test_of_all_together_a_slow_one_makes_room_the_longest_there_first(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with (
            serving(tmp_path, config=limited(2, 3), to_strangers=True) as served,
            line(served) as one,
            line(served, "127.0.0.2") as silent,
            line(served, "127.0.0.3") as three,
        ):
            assert await one.answered(OPEN)
            assert await three.answered(OPEN)
            async with line(served, "127.0.0.4") as four, line(served, "127.0.0.5") as five:
                assert await four.answered(OPEN)
                assert await five.answered(OPEN)
                assert await one.hung_up()
                assert await silent.hung_up()
                assert await three.answered(OPEN)
            await _nobody_but(served, 1)

        assert [each.message for each in caplog.records if each.levelname == "WARNING"] == [
            (
                "HTTP connections make room, the slow ones first; too many: 3 in all:"
                " 'limits.http_total'"
            )
        ]

    async def test_who_loads_keeps_its_place(self, tmp_path: Path) -> None:
        async with (
            serving(tmp_path, config=limited(9, 2), to_strangers=True) as served,
            line(served, "127.0.0.2") as one,
        ):
            one.writer.write(f"GET {large(served)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            for _ in range(20):
                await one.reader.readexactly(20_000)
                await asyncio.sleep(0.02)
            for number in range(3, 8):
                async with line(served, f"127.0.0.{number}") as another:
                    assert await another.answered(OPEN)
                await one.reader.readexactly(20_000)

    async def test_who_manages_is_let_in_while_machines_hold_all(self, tmp_path: Path) -> None:
        async with (
            serving(tmp_path, config=limited(9, 1)) as served,
            AsyncExitStack() as held,
        ):
            served.server._admission._side = lambda peer, _: (
                Side.OTHERS if str(peer) == "127.0.0.2" else Side.HOST
            )
            machine = await held.enter_async_context(line(served, "127.0.0.2"))
            assert await machine.answered()
            admins = [await held.enter_async_context(line(served)) for _ in range(3)]

            assert [await each.answered() for each in admins] == [True] * 3
            assert await machine.answered()

    async def test_one_that_ends_makes_room(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=limited(1, 10), to_strangers=True) as served:
            for _ in range(5):
                async with line(served) as one:
                    assert await one.answered(OPEN)
                await _nobody(served.server._admission)


class TestPatience:
    async def test_who_asks_nothing_or_too_slowly_is_dropped(self, tmp_path: Path) -> None:
        async with (
            serving(tmp_path, patience=Patience(first_request=0.2)) as served,
            line(served) as silent,
            line(served) as slow,
        ):
            slow.writer.write(ASK[:-3])

            assert await silent.hung_up()
            assert await slow.hung_up()
            await _nobody(served.server._admission)

    async def test_who_has_asked_may_stay(self, tmp_path: Path) -> None:
        async with (
            serving(tmp_path) as served,
            line(served) as one,
        ):
            time = Passing()
            assert await one.answered()
            async with line(served) as silent:
                await eventually(lambda: len(served.server._admission._crowd) == 2)
                await time.on(HTTP_FIRST_REQUEST.most)
                assert await silent.hung_up()  # so its time is over, which began later

            assert await one.answered()

    async def test_an_idle_connection_is_not_kept_for_long(self, tmp_path: Path) -> None:
        """Aiohttp's own patience between two requests is an hour."""
        async with serving(tmp_path) as served:
            assert served.server._runner is not None
            assert served.server._runner.server is not None
            assert served.server._runner.server().keepalive_timeout == 75.0


def fetch(served: Served, path: str, room: int = 4096) -> socket.socket:
    """Ask for ``path`` over a connection that holds few bytes, and read none of the answer."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    asking.settimeout(5)
    asking.connect(("127.0.0.1", served.server.port))
    asking.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    asking.setblocking(False)
    return asking


def large(served: Served) -> str:
    """Lay a file that no buffer holds, and return its path."""
    with (served.folder / "images/large").open("wb") as file:
        file.truncate(1 << 30)
    return "/images/large"


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(1 << 16))


async def late(_request: web.Request) -> web.Response:
    await asyncio.sleep(1.0)
    return web.Response(text="at last")


async def body(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


def route(served: Served, handler: Callable[[web.Request], Any]) -> None:
    assert served.server._runner is not None
    router = served.server._runner.app.router
    router._frozen = False
    router.add_route("*", "/extra", handler)


BRIEF = Patience(still=0.4)


class TestStandingStill:
    """A connection on which the client does not do its part is ended, wherever it is."""

    async def test_who_takes_no_byte_of_a_file_is_cut_off(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        before = HTTP_STILL.times
        async with serving(tmp_path, patience=BRIEF) as served:
            with fetch(served, large(served)):
                await eventually(lambda: len(served.server._admission._crowd))
                await _all_over(served)
                await eventually(lambda: _lines(caplog, "pyxie.access"))

        assert HTTP_STILL.times == before + 1
        [line] = _lines(caplog, "pyxie.http.admission")
        assert re.fullmatch(
            r"HTTP: a connection of 127.0.0.1 is closed: it took no byte for \d+ s", line
        )
        assert " 499, " in _lines(caplog, "pyxie.access")[-1]

    async def test_so_is_who_takes_none_of_what_is_streamed(self, tmp_path: Path) -> None:
        async with serving(tmp_path, patience=BRIEF) as served:
            route(served, endless)
            with fetch(served, "/extra"):
                await eventually(lambda: len(served.server._admission._crowd))
                await _all_over(served)

    async def test_so_is_who_asks_again_and_again_and_takes_no_answer(self, tmp_path: Path) -> None:
        """The bytes that it sends are no progress, and aiohttp closes only what it can flush."""
        async with serving(tmp_path, patience=BRIEF) as served:
            with fetch(served, "/api/v1/openapi.json") as asking:
                for _ in range(200):
                    with suppress(BlockingIOError, ConnectionError):
                        asking.send(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    await asyncio.sleep(0.005)
                await _all_over(served)

    async def test_who_takes_little_by_little_lives(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            with fetch(served, large(served)) as asking:
                loop, time = asyncio.get_running_loop(), Passing()
                for _ in range(6):
                    for _ in range(16):  # more than the client's kernel holds for it
                        assert await loop.sock_recv(asking, 4096)
                    await time.on(HTTP_STILL.most * 0.6)

    async def test_who_waits_for_us_lives(self, tmp_path: Path) -> None:
        async with serving(tmp_path, patience=BRIEF) as served, line(served) as one:
            route(served, late)

            assert await one.answered(b"GET /extra HTTP/1.1\r\nHost: localhost\r\n\r\n")

    async def test_who_sends_nothing_of_its_body_is_cut_off(self, tmp_path: Path) -> None:
        async with serving(tmp_path, patience=BRIEF) as served, line(served) as one:
            route(served, body)
            one.writer.write(
                b"PUT /extra HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx"
            )

            assert await one.hung_up()
            await _all_over(served)

    async def test_a_body_has_to_come_at_some_pace(self, tmp_path: Path) -> None:
        before = HTTP_BODY_PACE.times
        patience = Patience(still=0.4, body=500)
        async with serving(tmp_path, patience=patience) as served, line(served) as one:
            route(served, body)
            one.writer.write(
                b"PUT /extra HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n"
            )
            with suppress(ConnectionError):
                for _ in range(100):
                    one.writer.write(b"x")
                    await one.writer.drain()
                    await asyncio.sleep(0.05)

            assert await one.hung_up()

        assert HTTP_BODY_PACE.times == before + 1

    async def test_who_follows_events_lives_by_heartbeats(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            one.writer.write(b"GET /api/v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await one.reader.readuntil(b"\r\n\r\n")
            time = Passing()
            for _ in range(6):
                await time.on(_HEARTBEAT)
                assert await one.reader.readuntil(b"\n\r\n")
            assert len(served.server._admission._crowd) == 1

    async def test_who_follows_events_may_hear_nothing_for_longer(self, tmp_path: Path) -> None:
        async with serving(tmp_path, patience=BRIEF) as served, line(served) as one:
            one.writer.write(b"GET /api/v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await one.reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(1.0)

            assert len(served.server._admission._crowd) == 1


def _lines(caplog: pytest.LogCaptureFixture, logger: str) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == logger]


async def _all_over(served: Served) -> None:
    """Wait until no connection is held, nor anything that works for one."""
    await _nobody(served.server._admission)
    assert served.server._runner is not None
    server = served.server._runner.server
    assert server is not None
    await eventually(lambda: not server.connections)


async def _nobody_but(served: Served, many: int) -> None:
    await eventually(lambda: len(served.server._admission._crowd) == many)


async def _nobody(admission: Admission) -> None:
    await eventually(lambda: not (len(admission._crowd) or admission._by_transport))


class TestErrors:
    async def test_wait_once_one_address_makes_many_and_nobody_elses(self, tmp_path: Path) -> None:
        missing, before = "/images/missing", HTTP_REFUSALS.times
        clock = asyncio.get_running_loop().time
        async with serving(tmp_path, to_strangers=True) as served:
            served.server._admission._refusals = Spacing(5.0, burst=2)
            began = clock()
            answers = [(await served.get(missing)).status for _ in range(4)]
            took = clock() - began
            fine = [(await served.get("/health")).status for _ in range(4)]
            seen = HTTP_REFUSALS.times - before
            async with line(served, "127.0.0.2") as another:
                assert await another.answered(OPEN)

        assert answers == [404] * 4
        assert fine == [200] * 4
        assert took >= 0.4
        assert seen == HTTP_REFUSALS.times - before == 2

    async def test_of_who_manages_never_wait(self, tmp_path: Path) -> None:
        before = HTTP_REFUSALS.times
        async with serving(tmp_path) as served:
            served.server._admission._refusals = Spacing(0.001, burst=1)
            answers = [(await served.get("/images/missing")).status for _ in range(3)]

        assert answers == [404] * 3
        assert before == HTTP_REFUSALS.times
