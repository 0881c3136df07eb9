"""A connection to SQLite's file that is used by one thread, from BEGIN to COMMIT.

A driver that has each statement done in a thread by itself has that and the event loop wait for
each other some twenty times for a build.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import TimeoutError as NoneFreeError

from pyxie.bounds import STORE_FREE, STORE_LOOK
from pyxie.store import schema
from pyxie.store.lookbefore import LookBefore
from pyxie.threads import Pool

T = TypeVar("T")

_ENDLESS: Final = float("inf")
"""Seconds until who writes is told that it takes too long: what is under way may yet be stored."""


class OneThread:
    """One transaction is under way at a time; the others wait in line.

    Args:
        url: SQLAlchemy's, of a file.
        told: What the driver is told when it connects.
        connected: Called with each new connection of the driver's.
    """

    def __init__(
        self, url: URL, told: Mapping[str, Any], connected: Callable[[Any, Any], None]
    ) -> None:
        self.sync_engine = sa.create_engine(
            url.set(drivername="sqlite"),
            poolclass=sa.pool.QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args=dict(told),
        )
        sa.event.listen(self.sync_engine, "connect", connected)
        schema.in_whole_transactions(self.sync_engine)
        self._thread = Pool("the state", most=1, patience=_ENDLESS)
        self._turn = asyncio.Lock()
        self._writes: set[asyncio.Task[Any]] = set()

    async def write(
        self, work: Callable[[sa.Connection], T], before: LookBefore | None = None
    ) -> T:
        """Return what ``work`` does in a transaction; raises what it and the driver raise.

        Who is cancelled leaves it to come to its end, and nobody writes beside it.

        Args:
            work: Called with the connection.
            before: Called before it begins; what it raises comes out, and nothing is done.

        Raises:
            NoneFreeError: Those before it take too long; nothing was done.
        """
        writing = asyncio.create_task(self._written(work, before), name="write the state")
        self._writes.add(writing)
        writing.add_done_callback(self._writes.discard)
        writing.add_done_callback(_heard)  # also of one whose asker is gone
        if before is None:
            return await asyncio.shield(writing)
        while not (await asyncio.wait([writing], timeout=STORE_LOOK.most))[0]:
            before.check()
        return writing.result()

    async def dispose(self) -> None:
        """Close the connection, once what is written in it has had a moment to come to its end."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=STORE_LOOK.most)
        closing = asyncio.create_task(self._thread.run(self.sync_engine.dispose))
        await asyncio.wait([closing], timeout=STORE_LOOK.most)

    async def _written(self, work: Callable[[sa.Connection], T], before: LookBefore | None) -> T:
        async with in_turn(self._turn):
            return await self._thread.run(_in_transaction, self.sync_engine, work, before)


@asynccontextmanager
async def in_turn(turn: asyncio.Lock | asyncio.Semaphore) -> AsyncIterator[None]:
    """Have a turn at a connection, for as long as it is needed.

    Raises:
        NoneFreeError: Those before it take too long.
    """
    try:
        async with asyncio.timeout(STORE_FREE.most):
            await turn.acquire()
    except TimeoutError:
        raise NoneFreeError from None
    try:
        yield
    finally:
        turn.release()


def _in_transaction(
    engine: sa.Engine, work: Callable[[sa.Connection], T], before: LookBefore | None
) -> T:
    if before is not None:
        before()
    with engine.begin() as connection:
        return work(connection)


def _heard(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
