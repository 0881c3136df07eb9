from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyxie.http.admission import Admission
from tests.http.site import CONFIG, Served, serving
from tests.support import eventually

ASK = b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Line:
    """One connection of a client's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answered(self) -> bool:
        """Ask; False if the server has hung up."""
        try:
            self.writer.write(ASK)
            async with asyncio.timeout(10):
                head = await self.reader.readuntil(b"\r\n\r\n")
                await self.reader.readexactly(2)
        except (ConnectionError, asyncio.IncompleteReadError):
            return False
        assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
        return True

    async def hung_up(self) -> bool:
        """Wait for the server's end of it."""
        async with asyncio.timeout(10):
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
            serving(tmp_path, config=limited(2, 10)) as served,
            line(served) as one,
            line(served) as two,
        ):
            assert await one.answered()
            assert await two.answered()
            async with line(served) as three, line(served, "127.0.0.2") as other:
                assert not await three.answered()
                assert await other.answered()
            assert await one.answered()

        assert [each.message for each in caplog.records if each.levelname == "WARNING"] == [
            "HTTP connections are refused; too many: 2 from 127.0.0.1: 'limits.http_per_address'"
        ]

    async def test_all_together_hold_so_many(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with (
            serving(tmp_path, config=limited(2, 3)) as served,
            line(served) as one,
            line(served, "127.0.0.2") as two,
            line(served, "127.0.0.3") as three,
        ):
            assert [await each.answered() for each in (one, two, three)] == [True] * 3
            async with line(served, "127.0.0.4") as four:
                assert not await four.answered()

        assert [each.message for each in caplog.records if each.levelname == "WARNING"] == [
            "HTTP connections are refused; too many: 3 in all: 'limits.http_total'"
        ]

    async def test_one_that_ends_makes_room(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=limited(1, 10)) as served:
            for _ in range(5):
                async with line(served) as one:
                    assert await one.answered()
                await _nobody(served.server._admission)


class TestPatience:
    async def test_who_asks_nothing_or_too_slowly_is_dropped(self, tmp_path: Path) -> None:
        async with (
            serving(tmp_path, patience=0.2) as served,
            line(served) as silent,
            line(served) as slow,
        ):
            slow.writer.write(ASK[:-3])

            assert await silent.hung_up()
            assert await slow.hung_up()
            await _nobody(served.server._admission)

    async def test_who_has_asked_may_stay(self, tmp_path: Path) -> None:
        async with serving(tmp_path, patience=0.1) as served, line(served) as one:
            assert await one.answered()
            async with line(served) as silent:
                assert await silent.hung_up()  # so its time is over, which began later

            assert await one.answered()

    async def test_an_idle_connection_is_not_kept_for_long(self, tmp_path: Path) -> None:
        """Aiohttp's own patience between two requests is an hour."""
        async with serving(tmp_path) as served:
            assert served.server._runner is not None
            assert served.server._runner.server is not None
            assert served.server._runner.server().keepalive_timeout == 75.0


async def _nobody(admission: Admission) -> None:
    await eventually(lambda: not (admission._all or admission._held or admission._by_transport))
