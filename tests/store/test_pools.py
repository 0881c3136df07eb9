"""Connections to the database: who looks takes none from a boot."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiosqlite
import pytest
import sqlalchemy as sa

from pyxie import bounds
from pyxie.store.pools import Pools, StoreError
from tests.store.newest import url

ONE = sa.select(sa.literal(1).label("one"))


def counting_to(number: int) -> sa.Select[tuple[int]]:
    """Return what takes the database some time to find: a second for some four millions."""
    count = sa.select(sa.literal(1).label("n")).cte("endless", recursive=True)
    count = count.union_all(sa.select(count.c.n + 1).where(count.c.n < number))
    return sa.select(sa.func.max(count.c.n).label("one"))


def open_connections() -> list[aiosqlite.Connection]:
    """Return what is connected to any database in this process."""
    found = [each for each in gc.get_objects() if isinstance(each, aiosqlite.Connection)]
    return [each for each in found if each._connection is not None]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds.STORE_FREE, "most", 0.05)
    monkeypatch.setattr(bounds.STORE_ANSWER, "most", 0.6)


@pytest.fixture
async def pools(tmp_path: Path) -> AsyncIterator[Pools]:
    opened = Pools(sa.make_url(url(tmp_path)))
    yield opened
    await opened.close()


@pytest.mark.usefixtures("impatient")
class TestWhoLooks:
    async def test_is_refused_where_too_many_look_and_takes_none_from_a_boot(
        self, pools: Pools
    ) -> None:
        refused = bounds.STORE_LOOKING.times
        async with AsyncExitStack() as looking:
            for _ in range(bounds.STORE_LOOKING.whole):
                await looking.enter_async_context(pools._looking.connect())

            with pytest.raises(StoreError) as caught:
                await pools.look(ONE)
            read = await pools.read(ONE)
            async with pools.writing() as connection:
                await connection.execute(sa.text("CREATE TABLE t (a)"))

        assert str(caught.value) == "no connection to it was free within 0.05 s"
        assert [dict(row) for row in read] == [{"one": 1}]
        assert bounds.STORE_LOOKING.times == refused + 1

    async def test_for_what_takes_too_long_is_refused_and_others_are_not(
        self, pools: Pools
    ) -> None:
        late = bounds.STORE_ANSWER.times
        with pytest.raises(StoreError) as caught:
            await pools.look(counting_to(4_000_000))

        assert str(caught.value) == "it did not answer within 0.6 s"
        assert [dict(row) for row in await pools.look(ONE)] == [{"one": 1}]
        assert bounds.STORE_ANSWER.times == late + 1


class TestReadersLeftBehind:
    async def test_are_waited_for_and_leave_no_connection(self, tmp_path: Path) -> None:
        """Else the pool is closed beneath them, and what they give back is closed by nobody."""
        pools = Pools(sa.make_url(url(tmp_path)))
        await asyncio.gather(pools.read(ONE), pools.look(ONE))
        reading = [
            asyncio.create_task(each(counting_to(1_000_000))) for each in (pools.read, pools.look)
        ]
        await asyncio.sleep(0.05)
        for each in reading:
            each.cancel()
        await asyncio.wait(reading)

        await pools.close()

        assert not open_connections()


class TestWriters:
    async def test_wait_for_each_other_in_line(self, pools: Pools) -> None:
        order = []

        async def write(number: int) -> None:
            async with pools.writing():
                order.append(number)
                await asyncio.sleep(0)
                order.append(number)

        await asyncio.gather(write(1), write(2))

        assert order == [1, 1, 2, 2]

    async def test_that_have_read_before_are_not_refused_since_another_wrote(
        self, pools: Pools, tmp_path: Path
    ) -> None:
        """SQLITE_BUSY_SNAPSHOT, which no timeout helps against: they begin as writers."""
        async with pools.writing() as connection:
            await connection.execute(sa.text("CREATE TABLE t (a)"))
        other = Pools(sa.make_url(url(tmp_path)))

        async def write(through: Pools) -> None:
            async with through.writing() as connection:
                await connection.execute(sa.text("SELECT * FROM t"))
                await asyncio.sleep(0.01)
                await connection.execute(sa.text("INSERT INTO t VALUES (1)"))

        await asyncio.gather(write(pools), write(other))
        await other.close()

        rows = await pools.read(sa.select(sa.text("a")).select_from(sa.text("t")))
        assert len(rows) == 2
