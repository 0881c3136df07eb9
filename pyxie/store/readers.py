"""Connections to SQLite's file that read, each used by one thread at a time, a query at a visit.

SQLAlchemy's own way for asyncio comes with its mapper of objects, which is a fifth of all that the
daemon has in memory when it is idle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, RowMapping

from pyxie.bounds import STORE_LOOK
from pyxie.store.onethread import in_turn
from pyxie.threads import Pool

_ENDLESS: Final = float("inf")
"""Seconds until who reads is told that it takes too long: `pyxie.store.pools` sees to that."""


class Readers:
    """So many queries are under way at a time; the others wait.

    Args:
        url: SQLAlchemy's, of a file.
        size: How many.
        told: What the driver is told when it connects.
        connected: Called with each new connection of the driver's.
    """

    def __init__(
        self,
        url: URL,
        size: int,
        told: Mapping[str, Any],
        connected: Callable[[Any, Any], None],
    ) -> None:
        self.sync_engine = sa.create_engine(
            url.set(drivername="sqlite"),
            poolclass=sa.pool.QueuePool,
            pool_size=size,
            max_overflow=0,
            # Whichever thread has it, it is the only one.
            connect_args={**told, "check_same_thread": False},
        )
        sa.event.listen(self.sync_engine, "connect", connected)
        self._threads = Pool("what reads the state", most=size, patience=_ENDLESS)
        self._free = asyncio.Semaphore(size)

    async def rows(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        """Return what is found; raises what the driver raises.

        Raises:
            NoneFreeError: Those before it take too long.
        """
        async with self.one():
            return await self._threads.run(_found, self.sync_engine, query)

    def one(self) -> AbstractAsyncContextManager[None]:
        """Have one of them, for as long as it is needed; raises as `rows`."""
        return in_turn(self._free)

    async def dispose(self) -> None:
        """Close the connections."""
        closing = asyncio.create_task(self._threads.run(self.sync_engine.dispose))
        await asyncio.wait([closing], timeout=STORE_LOOK.most)


def _found(engine: sa.Engine, query: sa.Select[Any]) -> Sequence[RowMapping]:
    with engine.connect() as connection:
        return connection.execute(query).mappings().all()
