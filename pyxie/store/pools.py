"""Connections to the database, in pools that do not share: who looks takes none from a boot."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, RowMapping
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFreeError

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
from pyxie.store.lookbefore import LookBefore
from pyxie.store.onethread import OneThread
from pyxie.store.readers import Readers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")

_BUSY: Final = 5.0
"""Seconds that a statement waits for another program that writes."""
_SILENT: Final = 30.0
"""Seconds after which a server that says nothing any more is taken for gone."""
_PROBED: Final = 1.0
"""The same, of what only asks: programs that do no harm write for no longer."""
_ASK: Final = sa.select(1)


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
        return f"no connection to it was free within {STORE_FREE.most:g} s"
    if isinstance(exc, TimeoutError) and not exc.args:
        return f"it did not answer within {STORE_ANSWER.most:g} s"
    cause = getattr(exc, "orig", None) if isinstance(exc, SQLAlchemyError) else exc
    return str(cause or "") or type(exc).__name__


class Pools:
    """The connections to one database; made when they are needed, and kept.

    One writes at a time where the database is SQLite's, which allows no more: the others wait in
    line here, and not by asking again and again.

    Args:
        url: SQLAlchemy's, for an async driver.

    Raises:
        ModuleNotFoundError: The driver is not installed; also NoSuchModuleError of SQLAlchemy's.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._is_file = url.get_backend_name() == "sqlite"
        self._writing = self._alone(_BUSY) if self._is_file else self._pool(STORE_WRITING.whole)
        self._reading = self._readers(STORE_READING.whole)
        self._looking = self._readers(STORE_LOOKING.whole)
        self._probing = self._alone(_PROBED) if self._is_file else self._pool(1)
        self.probes = 0
        """How often the connection that asks how the database is was made."""
        self._reads: set[asyncio.Task[Sequence[RowMapping]]] = set()
        sa.event.listen(self._probing.sync_engine, "connect", self._count)

    async def close(self) -> None:
        """Close all connections; what is still read in them has a moment to come to its end.

        A pool that is closed beneath a reader is given the connection back afterwards, and
        nobody closes it.
        """
        if self._reads:
            await asyncio.wait(self._reads, timeout=STORE_LOOK.most)
        for each in (self._writing, self._reading, self._looking, self._probing):
            await each.dispose()

    async def write(
        self, work: Callable[[sa.Connection], T], *, before: LookBefore | None = None
    ) -> T:
        """Return what ``work`` does in a transaction, which is stored when it returns.

        Who is cancelled leaves it to come to its end, where it is SQLite's.

        Args:
            work: Called with the connection, of SQLite's in a thread.
            before: Called there before it begins, of SQLite's alone; may raise StoreError.

        Raises:
            StoreError: Nothing of it was stored.
            UnsureError: It may be; of a file it is known.
        """
        try:
            if isinstance(self._writing, OneThread):
                with faults():
                    return await self._writing.write(work, before)
            return await _written(self._writing, work)
        except StoreError as exc:
            if isinstance(exc.__cause__, NoneFreeError):
                STORE_WRITING.reached()
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

    async def _rows(
        self, engine: AsyncEngine | Readers, query: sa.Select[Any]
    ) -> Sequence[RowMapping]:
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
        """Ask a server whether it answers, which changes nothing; raises StoreError."""
        assert not isinstance(self._probing, OneThread)  # noqa: S101
        with faults():
            async with self._probing.connect() as connection:
                await connection.execute(_ASK)

    @property
    def prober(self) -> OneThread | None:
        """Where SQLite's file is asked the same, by `ask`; None if there is none."""
        return self._probing if isinstance(self._probing, OneThread) else None

    def _count(self, _connection: Any, _record: Any) -> None:
        self.probes += 1

    def _alone(self, busy: float) -> OneThread:
        return OneThread(self._url, self._told(), partial(_durable, busy))

    def _readers(self, size: int) -> AsyncEngine | Readers:
        if self._is_file:
            return Readers(self._url, size, self._told(), partial(_durable, _BUSY))
        return self._pool(size)

    def _pool(self, size: int) -> AsyncEngine:
        # The mapper of objects comes with it: SQLite's file is read and written without.
        from sqlalchemy.ext.asyncio import create_async_engine
        from sqlalchemy.pool import AsyncAdaptedQueuePool

        return create_async_engine(
            self._url,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=STORE_FREE.most,
            pool_pre_ping=True,  # a server may have been restarted
            connect_args=self._told(),
        )


def ask(engine: sa.Engine) -> None:
    """Ask SQLite's file whether it may be written to, which changes nothing; in a thread.

    Raises:
        StoreError: It may not, or another program writes for longer than a moment.
    """
    with faults(), engine.begin():
        pass


async def _written(engine: AsyncEngine, work: Callable[[sa.Connection], T]) -> T:
    committing = False
    try:
        with faults():
            async with engine.begin() as connection:
                done = await connection.run_sync(work)
                committing = True
            return done
    except StoreError as exc:
        if committing:
            raise UnsureError(str(exc)) from exc
        raise


async def _found(engine: AsyncEngine | Readers, query: sa.Select[Any]) -> Sequence[RowMapping]:
    if isinstance(engine, Readers):
        return await engine.rows(query)
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
