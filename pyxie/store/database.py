"""The state's database: opened, locked, and brought to the newest schema.

SQLite by default, anything SQLAlchemy knows by URL. SQLite runs in WAL mode with
``synchronous=FULL``: what was stored survives `kill -9` and a power cut. One daemon at a
time: the file is locked as long as we live.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pyxie.errors import PyxieError, StartError
from pyxie.service import Unbound
from pyxie.store.file import StateFile
from pyxie.store.tables import HEAD


class StoreError(PyxieError):
    """The state could not be written or read; the text gives the database's reason."""


class _StrangeSchemaError(Exception):
    """The schema is of no revision that is known here."""


_FAULTS = (SQLAlchemyError, OSError)
"""What a database may fail with; a server that is away gives the bare OSError."""


@contextmanager
def faults() -> Iterator[None]:
    """Turn what a database may fail with into StoreError."""
    try:
        yield
    except _FAULTS as exc:
        raise StoreError(_reason(exc)) from exc


class Database(Unbound):
    """The database, open between entering and leaving; a `pyxie.service.Service`.

    Args:
        url: SQLAlchemy's, for an async driver.
    """

    name = "state"

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError as exc:
            raise StartError(f"state: {url!r} is neither a path nor a SQLAlchemy URL") from exc
        self._file: StateFile | None = None
        if self._url.get_backend_name() == "sqlite":
            if self._url.database in (None, "", ":memory:"):
                raise StartError(f"state: {url!r} keeps builds in memory only; name a file")
            self._file = StateFile(Path(os.path.realpath(str(self._url.database))))
        self._engine: AsyncEngine | None = None

    async def __aenter__(self) -> Self:
        try:
            self._engine = create_async_engine(self._url)
        except (NoSuchModuleError, ModuleNotFoundError) as exc:
            scheme = self._url.drivername
            raise StartError(f"state: install the database driver for {scheme} ({exc})") from exc
        if self._file is not None:
            self._file.claim()
            sa.event.listen(self._engine.sync_engine, "connect", _durable)
        try:
            async with self._engine.begin() as connection:
                await connection.run_sync(_upgrade)
        except BaseException as exc:
            await self.__aexit__(None, None, None)
            if isinstance(exc, _FAULTS):
                why = f"state: {self._shown} cannot be used: {_reason(exc)}"
                raise StartError(why) from exc
            if isinstance(exc, _StrangeSchemaError):
                raise StartError(
                    f"state: {self._shown} was written by another release of pyxie ({exc}); "
                    "install that one, or set another 'state' in config.yaml"
                ) from exc
            raise
        if self._file is not None:
            with suppress(OSError):  # the next new build says so
                self._file.reserve()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            await self._engine.dispose()
        if self._file is not None:
            self._file.leave()

    async def serve(self) -> None:
        """Wait to be cancelled: the database is used by the other services."""
        await asyncio.Event().wait()

    @property
    def _shown(self) -> str:
        return (
            str(self._file.path) if self._file else self._url.render_as_string(hide_password=True)
        )

    @property
    def engine(self) -> AsyncEngine:
        """The database; only while the store is entered."""
        assert self._engine is not None, "the store was not entered"  # noqa: S101
        return self._engine

    async def rows(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        """Return what a query finds.

        Raises:
            StoreError: It cannot be read.
        """
        with faults():
            async with self.engine.connect() as connection:
                found: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
                return found

    def reserve(self) -> None:
        """Set space aside for what ends builds, where the database is a file.

        Raises:
            StoreError: There is too little.
        """
        try:
            if self._file is not None:
                self._file.reserve()
        except OSError as exc:
            raise StoreError(f"too little space to end builds safely: {exc.strerror}") from exc

    def spend(self) -> bool:
        """Free that space; False if there is none."""
        return self._file is not None and self._file.spend()


def _reason(exc: SQLAlchemyError | OSError) -> str:
    """Return the driver's own words; SQLAlchemy's text holds values, among them tokens."""
    cause = getattr(exc, "orig", None) if isinstance(exc, SQLAlchemyError) else exc
    return str(cause or "") or type(exc).__name__


def _durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _upgrade(connection: sa.Connection) -> None:
    """Bring the schema to `HEAD`; Alembic is imported only when there is something to do."""
    if sa.inspect(connection).has_table("alembic_version"):
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        if found == HEAD:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise _StrangeSchemaError(str(exc)) from exc
