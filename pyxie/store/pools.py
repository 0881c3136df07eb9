"""Connections to the database, in pools that do not share: who looks takes none from a boot."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, RowMapping
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFreeError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from pyxie.bounds import (
    STORE_ANSWER,
    STORE_FREE,
    STORE_LOOK,
    STORE_LOOKING,
    STORE_READING,
    STORE_WRITING,
)
from pyxie.errors import PyxieError
from pyxie.store import schema
from pyxie.threads import Pool

T = TypeVar("T")

_BUSY: Final = 5.0
"""Seconds that a statement waits for another program that writes."""
_SILENT: Final = 30.0
"""Seconds after which a server that says nothing any more is taken for gone."""
_PROBED: Final = 1.0
"""The same, of what only asks: programs that do no harm write for no longer."""
_ENDLESS: Final = float("inf")
"""Seconds until who writes is told that it takes too long: what is under way may yet be stored."""


class StoreError(PyxieError):
    """The state could not be written or read; the text gives the database's reason."""


class FullError(StoreError):
    """There is no room on the disk."""


class UnfitError(StoreError):
    """What is to be stored can never be: the database takes no such values."""


class UnsureError(StoreError):
    """It may be stored all the same: the connection was lost in the middle of the commit."""


FAULTS: Final = (SQLAlchemyError, OSError)
"""What a database may fail with; a server that is away gives the bare OSError."""


@contextmanager
def faults() -> Iterator[None]:
    """Turn what a database may fail with into StoreError."""
    try:
        yield
    except FAULTS as exc:
        if isinstance(exc, NoneFreeError):
            STORE_FREE.reached()
        elif isinstance(exc, TimeoutError):
            STORE_ANSWER.reached()
        raise _kind(exc)(reason(exc)) from exc
    except (UnicodeError, OverflowError) as exc:
        raise UnfitError(str(exc)) from exc


def _kind(exc: SQLAlchemyError | OSError) -> type[StoreError]:
    cause = getattr(exc, "orig", None) if isinstance(exc, SQLAlchemyError) else exc
    if isinstance(exc, DataError | IntegrityError):
        return UnfitError
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullError
    # The -shm file could not grow: sqlite.org/rescode.html.
    full = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
    return FullError if getattr(cause, "sqlite_errorcode", None) in full else StoreError


def reason(exc: SQLAlchemyError | OSError) -> str:
    """Return the driver's own words; SQLAlchemy's text holds values, among them tokens."""
    if isinstance(exc, NoneFreeError):
        return _none_free()
    if isinstance(exc, TimeoutError) and not exc.args:
        return f"it did not answer within {STORE_ANSWER.most:g} s"
    cause = getattr(exc, "orig", None) if isinstance(exc, SQLAlchemyError) else exc
    return str(cause or "") or type(exc).__name__


def _none_free() -> str:
    return f"no connection to it was free within {STORE_FREE.most:g} s"


class Pools:
    """The connections to one database; made when they are needed, and kept.

    One writes at a time where the database is SQLite's, which allows no more: the others wait in
    line here, and not by asking again and again. It does so in one thread from BEGIN to COMMIT: a
    driver that has each statement done there by itself has the thread and the event loop wait for
    each other some twenty times for a build.

    Args:
        url: SQLAlchemy's, for an async driver.

    Raises:
        ModuleNotFoundError: The driver is not installed; also NoSuchModuleError of SQLAlchemy's.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._is_file = url.get_backend_name() == "sqlite"
        self._writing = self._writer() if self._is_file else self._pool(STORE_WRITING.whole)
        self._thread = Pool("the state", most=1, patience=_ENDLESS)
        self._turn = asyncio.Lock()
        self._writes: set[asyncio.Task[Any]] = set()
        self._reading = self._pool(STORE_READING.whole)
        self._looking = self._pool(STORE_LOOKING.whole)
        self._probing = self._pool(1, busy=_PROBED)
        self.probes = 0
        """How often the connection that asks how the database is was made."""
        self._reads: set[asyncio.Task[Sequence[RowMapping]]] = set()
        sa.event.listen(self._probing.sync_engine, "connect", self._count)
        if self._is_file:
            schema.in_whole_transactions(self._probing.sync_engine)

    async def close(self) -> None:
        """Close all connections; what is still read in them has a moment to come to its end.

        A pool that is closed beneath a reader is given the connection back afterwards, and
        nobody closes it.
        """
        left = [*self._reads, *self._writes]
        if left:
            await asyncio.wait(left, timeout=STORE_LOOK.most)
        if isinstance(self._writing, sa.Engine):
            closing = asyncio.create_task(self._thread.run(self._writing.dispose))
            await asyncio.wait([closing], timeout=STORE_LOOK.most)
        else:
            await self._writing.dispose()
        for each in (self._reading, self._looking, self._probing):
            await each.dispose()

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Return what ``work`` does in a transaction, which is stored when it returns.

        Who is cancelled leaves it to come to its end.

        Args:
            work: Called with the connection, of SQLite's in a thread.

        Raises:
            StoreError: Nothing of it was stored.
            UnsureError: It may be; of a file it is known.
        """
        if isinstance(self._writing, AsyncEngine):
            return await self._written_there(self._writing, work)
        writing = asyncio.create_task(self._written_here(self._writing, work), name="write state")
        self._writes.add(writing)
        writing.add_done_callback(self._writes.discard)
        writing.add_done_callback(_heard)
        return await asyncio.shield(writing)

    async def _written_here(self, engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
        async with self._one_at_a_time():
            return await self._thread.run(_written, engine, work)

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(STORE_FREE.most):
                await self._turn.acquire()
        except TimeoutError:
            STORE_FREE.reached()
            STORE_WRITING.reached()
            raise StoreError(_none_free()) from None
        try:
            yield
        finally:
            self._turn.release()

    @staticmethod
    async def _written_there(engine: AsyncEngine, work: Callable[[sa.Connection], T]) -> T:
        committing = False
        try:
            with faults():
                async with engine.begin() as connection:
                    done = await connection.run_sync(work)
                    committing = True
                return done
        except StoreError as exc:
            if isinstance(exc.__cause__, NoneFreeError):
                STORE_WRITING.reached()
            if committing:
                raise UnsureError(str(exc)) from exc
            raise

    async def read(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        """Return what is found of what boots and builds need; raises StoreError."""
        with faults():
            try:
                return await self._rows(self._reading, query)
            except NoneFreeError:
                STORE_READING.reached()
                raise

    async def look(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        """Return what is found for people and programs who look; raises StoreError."""
        with faults():
            try:
                return await self._rows(self._looking, query)
            except NoneFreeError:
                STORE_LOOKING.reached()
                raise

    async def _rows(self, engine: AsyncEngine, query: sa.Select[Any]) -> Sequence[RowMapping]:
        """Return what is found; who waits too long leaves the connection to what holds it.

        To break off a statement of SQLite's would leave its thread, and make another with the
        next.
        """
        reading = asyncio.create_task(_found(engine, query), name="read the state")
        self._reads.add(reading)
        reading.add_done_callback(self._reads.discard)
        reading.add_done_callback(_heard)  # also of one whose asker is gone
        done, _ = await asyncio.wait([reading], timeout=STORE_ANSWER.most)
        if not done:
            raise TimeoutError
        return reading.result()

    def _told(self) -> dict[str, Any]:
        """Return what the driver is told when it connects."""
        if self._is_file:
            return schema.BY_HAND
        if self._url.get_driver_name() == "asyncpg":
            return {"timeout": STORE_FREE.most, "command_timeout": _SILENT}
        return {}

    async def probe(self) -> None:
        """Ask the database whether it may be written to, which changes nothing.

        Raises:
            StoreError: It may not, or another program writes for longer than a moment.
        """
        with faults():
            async with self._probing.connect() as connection:
                await connection.execute(sa.select(1))

    def _count(self, _connection: Any, _record: Any) -> None:
        self.probes += 1

    def _writer(self) -> sa.Engine:
        """Return the engine of the one connection that writes, which a thread uses."""
        engine = sa.create_engine(
            self._url.set(drivername="sqlite"),
            poolclass=sa.pool.QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args=self._told(),
        )
        sa.event.listen(engine, "connect", partial(_durable, _BUSY))
        schema.in_whole_transactions(engine)
        return engine

    def _pool(self, size: int, *, busy: float | None = None) -> AsyncEngine:
        engine = create_async_engine(
            self._url,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=STORE_FREE.most,
            pool_pre_ping=not self._is_file,  # a server may have been restarted
            connect_args=self._told(),
        )
        if self._is_file:
            waits = _BUSY if busy is None else busy
            sa.event.listen(engine.sync_engine, "connect", partial(_durable, waits))
        return engine


def _written(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
    with faults(), engine.begin() as connection:
        return work(connection)


async def _found(engine: AsyncEngine, query: sa.Select[Any]) -> Sequence[RowMapping]:
    async with engine.connect() as connection:
        found: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
        return found


def _heard(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


def _durable(busy: float, connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={int(busy * 1000)}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
