"""Who waits for a file that grows: what is told of it, and when."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pyxie.imagestore import growth
from pyxie.imagestore.entry import Head
from pyxie.imagestore.growth import HELD, Growth, UncachedError
from pyxie.openfile import opened

URL = "http://mirror.internal/linux"
LATER = 3600.0
"""Seconds, of which no test waits for one."""


@pytest.fixture
def growing(tmp_path: Path) -> Growth:
    """A fetch that has brought its first 10 bytes of 100."""
    (tmp_path / "linux").write_bytes(b"")
    made = Growth(URL)
    made.begin(Head(size=100), opened(tmp_path / "linux"))
    made.grown(10)
    return made


async def turns() -> None:
    """Give all who wait their turn."""
    for _ in range(5):
        await asyncio.sleep(0)


class TestWhatIsThere:
    async def test_is_told_at_once_where_it_is_the_first(self, tmp_path: Path) -> None:
        (tmp_path / "linux").write_bytes(b"")
        made = Growth(URL)
        made.begin(Head(size=100), opened(tmp_path / "linux"))
        waits = asyncio.create_task(made.beyond(0))
        await turns()
        assert not waits.done()

        made.grown(10)

        assert await waits == 10

    async def test_is_told_together_with_what_comes_soon(
        self, growing: Growth, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(growth, "_OFTEN", 0.01)
        waits = asyncio.create_task(growing.beyond(10))
        await turns()

        growing.grown(20)
        growing.grown(30)

        assert not waits.done()
        async with asyncio.timeout(60):
            assert await waits == 30
            waits = asyncio.create_task(growing.beyond(30))
            await turns()
            growing.grown(40)
            assert await waits == 40

    async def test_is_had_without_waiting_by_who_asks_meanwhile(
        self, growing: Growth, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(growth, "_OFTEN", LATER)
        growing.grown(20)

        assert await growing.beyond(10) == 20

    async def test_is_all_but_the_last_byte_until_it_is_known_to_be_right(
        self, growing: Growth
    ) -> None:
        growing.grown(100)

        assert await growing.beyond(10) == 100 - HELD


class TestTheEnd:
    """It is told at once, with all that was not told yet."""

    @pytest.fixture(autouse=True)
    def _later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(growth, "_OFTEN", LATER)

    async def test_of_a_file_that_is_right(self, growing: Growth) -> None:
        waits = asyncio.create_task(growing.beyond(10))
        await turns()
        growing.grown(100)

        growing.finish("ab" * 32)

        assert await waits == 100

    async def test_of_one_that_does_not_come(self, growing: Growth) -> None:
        waits = asyncio.create_task(growing.beyond(10))
        await turns()

        growing.fail(UncachedError("the disk is full"))

        with pytest.raises(UncachedError, match="the disk is full"):
            await waits

    async def test_comes_after_what_was_not_told(self, growing: Growth) -> None:
        """Who has not had that yet is given it; then there is nothing more."""
        waits = asyncio.create_task(growing.beyond(10))
        await turns()
        growing.grown(20)

        growing.fail(UncachedError("the disk is full"))

        assert await waits == 20
        with pytest.raises(UncachedError):
            await growing.beyond(20)

    async def test_leaves_no_timer(self, growing: Growth) -> None:
        growing.grown(20)
        assert growing._telling is not None

        growing.over()

        assert growing._telling is None
