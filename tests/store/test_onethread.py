"""The one connection that writes: whose turn it is, and what is kept of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from pyxie import bounds
from pyxie.errors import BusyError
from pyxie.store.lookbefore import LookBefore
from pyxie.store.onethread import OneThread
from pyxie.store.schema import BY_HAND
from tests.store.newest import url


class HangsError(Exception):
    pass


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[OneThread]:
    made = OneThread(sa.make_url(url(tmp_path)), BY_HAND, lambda _connection, _record: None)
    yield made
    await made.dispose()


def driver(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


def noting(
    done: list[int], number: int, after: threading.Event | None = None
) -> Callable[[sa.Connection], None]:
    """Return work that takes until something is so, and then notes itself."""

    def work(_connection: sa.Connection) -> None:
        if after is not None:
            after.wait(60)
        done.append(number)

    return work


def no_table(connection: sa.Connection) -> None:
    connection.execute(sa.text("INSERT INTO nowhere VALUES (1)"))


class TestAConnection:
    async def test_is_kept_from_one_write_to_the_next(self, writer: OneThread) -> None:
        assert await writer.write(driver) is await writer.write(driver)

    async def test_is_fit_for_the_next_after_one_that_failed(self, writer: OneThread) -> None:
        with pytest.raises(OperationalError, match="no such table"):
            await writer.write(no_table)

        assert not await writer.write(lambda connection: driver(connection).in_transaction is False)


class TestWhoWaits:
    async def test_and_leaves_has_it_done_all_the_same_and_in_its_turn(
        self, writer: OneThread
    ) -> None:
        done, go_on = list[int](), threading.Event()
        first = asyncio.create_task(writer.write(noting(done, 1, go_on)))
        others = [asyncio.create_task(writer.write(noting(done, at))) for at in (2, 3)]
        await asyncio.sleep(0)
        others[0].cancel()
        await asyncio.wait([others[0]])

        go_on.set()
        await asyncio.gather(first, others[1])

        assert done == [1, 2, 3]

    async def test_for_a_look_that_hangs_is_told_and_nothing_is_written(
        self, writer: OneThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.STORE_LOOK, "most", 0.01)
        done, go_on = list[int](), threading.Event()

        def look() -> None:
            go_on.wait(60)

        with pytest.raises(HangsError):
            await writer.write(lambda _: done.append(1), LookBefore(look, HangsError))
        go_on.set()
        await writer.write(lambda _: done.append(2), LookBefore(lambda: None, HangsError))

        assert done == [2]

    async def test_in_line_for_one_that_is_long_is_not_told_that_a_look_hangs(
        self, writer: OneThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked, go_on = asyncio.Event(), threading.Event()

        class Looking(LookBefore):
            def check(self) -> None:
                looked.set()
                super().check()

        monkeypatch.setattr(bounds.STORE_LOOK, "most", 0.01)
        first = asyncio.create_task(writer.write(lambda _: go_on.wait(60)))
        await asyncio.sleep(0)
        second = asyncio.create_task(writer.write(lambda _: 2, Looking(lambda: None, HangsError)))
        await looked.wait()
        looked.clear()
        await looked.wait()

        go_on.set()

        assert await second == 2
        await first

    async def test_where_the_host_gives_no_thread_is_refused(
        self, writer: OneThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(BusyError):
                await writer.write(driver)

        await writer.write(driver)

    async def test_for_the_end_waits_for_what_is_written(self, writer: OneThread) -> None:
        done, go_on = list[int](), threading.Event()
        first = asyncio.create_task(writer.write(noting(done, 1, go_on)))
        await asyncio.sleep(0)

        closing = asyncio.create_task(writer.dispose())
        await asyncio.sleep(0)
        go_on.set()
        await closing

        assert done == [1]
        await first
