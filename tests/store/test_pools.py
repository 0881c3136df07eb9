"""Connections to the database: who looks takes none from a boot."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from pyxie import bounds
from pyxie.store.pools import Pools, StoreError
from pyxie.store.readers import Readers
from tests.store.newest import url

ONE = sa.select(sa.literal(1).label("one"))


def counting_to(number: int) -> sa.Select[tuple[int]]:
    """Return what takes the database some time to find: a second for some four millions."""
    count = sa.select(sa.literal(1).label("n")).cte("endless", recursive=True)
    count = count.union_all(sa.select(count.c.n + 1).where(count.c.n < number))
    return sa.select(sa.func.max(count.c.n).label("one"))


def open_connections(folder: Path) -> int:
    """Return how many connections of this process there are to databases in a folder."""
    found = [each for each in gc.get_objects() if isinstance(each, sqlite3.Connection)]
    return sum(_file(each).startswith(f"{folder}/") for each in found)


def _file(connection: sqlite3.Connection) -> str:
    try:
        return str(connection.execute("PRAGMA database_list").fetchone()[2])
    except sqlite3.ProgrammingError:  # it is closed
        return ""


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
            assert isinstance(pools._looking, Readers)
            for _ in range(bounds.STORE_LOOKING.whole):
                await looking.enter_async_context(pools._looking.one())

            with pytest.raises(StoreError) as caught:
                await pools.look(ONE)
            read = await pools.read(ONE)
            await pools.write(made)

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
    async def test_are_waited_for_and_leave_no_connection(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else the pool is closed beneath them, and what they give back is closed by nobody."""
        monkeypatch.setattr(bounds.STORE_LOOK, "most", 60)  # on a host that does much else
        pools = Pools(sa.make_url(url(tmp_path)))
        await asyncio.gather(pools.read(ONE), pools.look(ONE))
        assert open_connections(tmp_path) == 2
        reading = [
            asyncio.create_task(each(counting_to(1_000_000))) for each in (pools.read, pools.look)
        ]
        await asyncio.sleep(0.05)
        for each in reading:
            each.cancel()
        await asyncio.wait(reading)

        await pools.close()

        assert open_connections(tmp_path) == 0


class TestWriters:
    async def test_wait_for_each_other_in_line(self, pools: Pools) -> None:
        order = []

        def write(number: int) -> Callable[[sa.Connection], None]:
            def work(_connection: sa.Connection) -> None:
                order.append(number)
                time.sleep(0.01)
                order.append(number)

            return work

        await asyncio.gather(*(pools.write(write(number)) for number in (1, 2)))

        assert order == [1, 1, 2, 2]

    async def test_that_have_read_before_are_not_refused_since_another_wrote(
        self, pools: Pools, tmp_path: Path
    ) -> None:
        """SQLITE_BUSY_SNAPSHOT, which no timeout helps against: they begin as writers."""
        await pools.write(made)
        other = Pools(sa.make_url(url(tmp_path)))

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.text("SELECT * FROM t")).close()
            time.sleep(0.01)
            connection.execute(sa.text("INSERT INTO t VALUES (1)"))

        await asyncio.gather(pools.write(write), other.write(write))
        await other.close()

        rows = await pools.read(sa.select(sa.text("a")).select_from(sa.text("t")))
        assert len(rows) == 2

    @pytest.mark.usefixtures("impatient")
    async def test_that_wait_too_long_are_refused_and_nothing_of_theirs_is_stored(
        self, pools: Pools
    ) -> None:
        await pools.write(made)
        begun, go_on = threading.Event(), threading.Event()
        held = asyncio.create_task(pools.write(partial(holding, begun, go_on)))
        await asyncio.to_thread(begun.wait, 30)
        late = bounds.STORE_FREE.times

        with pytest.raises(StoreError) as caught:
            await pools.write(one_more)
        go_on.set()
        await held

        assert str(caught.value) == "no connection to it was free within 0.05 s"
        assert bounds.STORE_FREE.times == late + 1
        assert not await pools.read(sa.select(sa.text("a")).select_from(sa.text("t")))

    async def test_that_are_left_come_to_their_end_before_another_writes(
        self, pools: Pools
    ) -> None:
        """What was begun may be stored by now: nobody writes beside it, or takes it for undone."""
        await pools.write(made)
        begun, go_on = threading.Event(), threading.Event()

        def slow(connection: sa.Connection) -> None:
            holding(begun, go_on, connection)
            one_more(connection)

        left = asyncio.create_task(pools.write(slow))
        await asyncio.to_thread(begun.wait, 30)
        left.cancel()
        await asyncio.wait([left])
        following = asyncio.create_task(pools.write(one_more))
        go_on.set()
        await following

        assert len(await pools.read(sa.select(sa.text("a")).select_from(sa.text("t")))) == 2

    async def test_undo_all_of_what_fails(self, pools: Pools) -> None:
        await pools.write(made)

        def fails(connection: sa.Connection) -> None:
            one_more(connection)
            connection.execute(sa.text("INSERT INTO nowhere VALUES (1)"))

        with pytest.raises(StoreError, match="no such table: nowhere"):
            await pools.write(fails)

        assert not await pools.read(sa.select(sa.text("a")).select_from(sa.text("t")))


def made(connection: sa.Connection) -> None:
    connection.execute(sa.text("CREATE TABLE t (a)"))


def one_more(connection: sa.Connection) -> None:
    connection.execute(sa.text("INSERT INTO t VALUES (1)"))


def holding(begun: threading.Event, go_on: threading.Event, _connection: sa.Connection) -> None:
    begun.set()
    go_on.wait(30)
