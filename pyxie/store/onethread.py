"""A connection to SQLite's file that is used by one thread, from BEGIN to COMMIT.

A driver that has each statement done in a thread by itself has that and the event loop wait for
each other some twenty times for a build.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import TimeoutError as NoneFreeError

from pyxie.bounds import STORE_FREE, STORE_LOOK
from pyxie.errors import BusyError
from pyxie.store import schema
from pyxie.store.lookbefore import LookBefore
from pyxie.threads import ENDLESS, Pool, tell

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Write:
    """A transaction that is wanted.

    Attributes:
        work: Called with the connection.
        before: Called before it begins; what it raises comes out, and nothing is done.
        over: Done with what came of it.
    """

    work: Callable[[sa.Connection], Any]
    before: LookBefore | None
    over: asyncio.Future[Any]
    _patience: asyncio.TimerHandle | None = None

    def waits(self, patience: asyncio.TimerHandle | None) -> None:
        """Note what gives it up while others are before it; None once none are."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = patience


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
        self._thread = Pool("the state", most=1, patience=ENDLESS)
        self._connection: sa.Connection | None = None
        """The thread's, who keeps it: it was taken from the pool and looked through each time."""
        self._line: deque[_Write] = deque()
        self._is_writing = False
        self._over: asyncio.Future[None] | None = None
        """Done once nothing is written any more; made by who waits for that."""

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
        loop = asyncio.get_running_loop()
        over: asyncio.Future[T] = loop.create_future()
        mine = _Write(work, before, over)
        self._line.append(mine)
        if self._is_writing:
            mine.waits(loop.call_later(STORE_FREE.most, self._give_up, mine))
        else:
            self._begin_next()
        if before is None:
            return await over
        looking = loop.call_later(STORE_LOOK.most, self._check, before, over)
        try:
            return await over
        finally:
            looking.cancel()

    async def visit(self, work: Callable[[sa.Engine], T]) -> T:
        """Return what ``work`` does with the engine, in the thread; raises what it raises."""
        return await self._thread.run(work, self.sync_engine)

    def begin(self, work: Callable[[sa.Engine], T]) -> Future[T]:
        """Have the same done, for which nobody waits; raises BusyError."""
        done: Future[T] = Future()

        def visited() -> None:
            try:
                done.set_result(work(self.sync_engine))
            except BaseException as exc:  # noqa: BLE001 - for who looks at it next
                done.set_exception(exc)

        self._thread.begin(visited)
        return done

    async def dispose(self) -> None:
        """Close the connection, once what is written in it has had a moment to come to its end."""
        if self._is_writing:
            self._over = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._over], timeout=STORE_LOOK.most)
        closing = asyncio.create_task(self._thread.run(self._close))
        await asyncio.wait([closing], timeout=STORE_LOOK.most)

    def _begin_next(self) -> None:
        """Have the first in line done."""
        while self._line:
            first = self._line.popleft()
            first.waits(None)
            try:
                self._thread.begin(
                    partial(self._transact, first.work, first.before), partial(self._ended, first)
                )
            except BusyError as exc:  # the host gives no thread
                tell(first.over, None, exc)
            else:
                self._is_writing = True
                return
        self._is_writing = False
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    def _ended(self, write: _Write, result: Any, error: BaseException | None) -> None:
        self._begin_next()
        tell(write.over, result, error)

    def _give_up(self, write: _Write) -> None:
        """Refuse one that has waited in line for too long."""
        self._line.remove(write)
        tell(write.over, None, NoneFreeError())

    def _check(self, before: LookBefore, over: asyncio.Future[Any]) -> None:
        """Tell who waits if the look before a write hangs."""
        if over.done():
            return
        try:
            before.check()
        except Exception as exc:  # noqa: BLE001 - for who waits
            tell(over, None, exc)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(STORE_LOOK.most, self._check, before, over)

    def _transact(self, work: Callable[[sa.Connection], T], before: LookBefore | None) -> T:
        """Do a transaction; in the thread, as the next."""
        if before is not None:
            before()
        connection = self._connection or self.sync_engine.connect()
        self._connection = None  # unless all goes well
        try:
            with connection.begin():
                done = work(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return done

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.sync_engine.dispose()


@asynccontextmanager
async def in_turn(turn: asyncio.Semaphore) -> AsyncIterator[None]:
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
