"""Several operations on one part at once, in whatever order the loop may let them go on.

Whoever waits, waits here until it is his turn, and hypothesis says whose that is: what goes wrong
once in ten thousand calls is found, and made as small as it can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import RowMapping

from pyxie.store.database import Database
from pyxie.store.pools import StoreError, UnsureError, faults
from pyxie.store.tables import TOKENS

T = TypeVar("T")

ORDERS = st.lists(st.integers(0, 5), max_size=60)
"""Whose turn it is, each time: one of those that wait; the first once the list is at its end."""
FAILURES = st.lists(st.sampled_from(("no", "no", "no", "before", "after")), max_size=12)
"""Of each transaction in turn, whether it fails; or is committed, and nobody hears of it."""

_DEADLOCK = 2000


class Turns:
    """Lets those that wait go on one at a time.

    Args:
        order: Who is next, as `ORDERS` has it.
    """

    def __init__(self, order: Iterable[int]) -> None:
        self._order = iter(order)
        self._waiting: list[asyncio.Future[None]] = []

    async def turn(self) -> None:
        """Wait for one's turn."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    async def run(self, *operations: Awaitable[Any]) -> list[Any]:
        """Run them to their ends; return what each returned or raised, in their order."""
        tasks = [asyncio.ensure_future(each) for each in operations]
        while await self._go_on(tasks):
            pass
        return await asyncio.gather(*tasks, return_exceptions=True)

    async def _go_on(self, tasks: Sequence[asyncio.Future[Any]]) -> bool:
        """Let one go on, once all others wait too; False if all have ended."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        for _ in range(_DEADLOCK):
            await asyncio.sleep(0)
            if all(each.done() for each in tasks):
                return False
            if self._waiting and not ready:
                break
        assert self._waiting, "all of them wait for each other"
        mine = self._waiting.pop(next(self._order, 0) % len(self._waiting))
        if not mine.done():
            mine.set_result(None)
        return True


class TurningDatabase(Database):
    """A database in memory, of real SQL, at whose every step others may have their turn.

    As with SQLite, one transaction is open at a time.

    Args:
        turns: Who may go on.
    """

    def __init__(self, turns: Turns) -> None:
        super().__init__("sqlite:////nowhere/pyxie.sqlite")
        self._turns = turns
        self._fails = iter(("no",))
        self._one = asyncio.Lock()
        self.sync = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        with self.sync.begin() as connection:
            for statement in _schema():
                connection.exec_driver_sql(statement)

    def spend(self) -> bool:
        return False

    def fail(self, failures: Sequence[str]) -> None:
        """Have transactions fail from now on, as `FAILURES` has it."""
        self._fails = iter(failures)

    def close(self) -> None:
        self.sync.dispose()

    async def write(self, work: Callable[[sa.Connection], T], *, begins: bool = False) -> T:
        await self._turns.turn()
        async with self._one:
            fails = next(self._fails, "no")
            with faults(), self.sync.begin() as connection:
                done = work(connection)
                await self._turns.turn()
                if fails == "before":
                    raise StoreError("the disk is full")
        await self._turns.turn()
        if fails == "after":
            raise UnsureError("the connection is lost")
        return done

    async def rows(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        async with self._one:
            await self._turns.turn()
            with self.sync.connect() as connection:
                found: Sequence[RowMapping] = connection.execute(query).mappings().all()
        await self._turns.turn()
        return found

    shown = rows


@cache
def _schema() -> tuple[str, ...]:
    """Return the statements that make all tables: to word them anew takes longer than a test."""
    said: list[str] = []
    engine = sa.create_mock_engine(
        "sqlite://", lambda each, *_: said.append(str(each.compile(dialect=sqlite.dialect())))
    )
    TOKENS.metadata.create_all(engine, checkfirst=False)
    return tuple(said)


def kept(database: TurningDatabase, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """Return what stands in the database."""
    with database.sync.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def several(operations: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Return some operations that are to happen at once."""
    return st.lists(operations, min_size=2, max_size=6)
