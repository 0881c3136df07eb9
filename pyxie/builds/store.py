"""Builds on disk: SQLite by default, anything SQLAlchemy knows by URL.

SQLite runs in WAL mode with ``synchronous=FULL``: what `Store` has returned from survives
`kill -9` and a power cut. One daemon at a time: the file is locked as long as we live.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pyxie.builds.file import StateFile
from pyxie.builds.life import ACTIVE, OWED, Build, State
from pyxie.builds.tables import BUILDS, HEAD, HOOKS, TRANSITIONS
from pyxie.config.build import Hook
from pyxie.errors import PyxieError, StartError


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


@dataclass(frozen=True, slots=True)
class Change:
    """A state that a build has come into, to be stored.

    Attributes:
        build: As it is now.
        cause: What brought it there.
        peer: Who asked for it.
        owed: The hooks to run.
        log: The end of the installer's log.
    """

    build: Build
    cause: str
    peer: str | None
    owed: tuple[Hook, ...] = ()
    log: str = ""


class Store:
    """The builds and their history.

    Args:
        url: SQLAlchemy's, for an async driver.
        keep: How many builds of a machine are kept; older ones are forgotten.
    """

    def __init__(self, url: str, *, keep: int = 50) -> None:
        self._keep = keep
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

    @property
    def _shown(self) -> str:
        return (
            str(self._file.path) if self._file else self._url.render_as_string(hide_password=True)
        )

    async def begin(self, build: Build, cause: str, peer: str | None) -> Build:
        """Store a new build, and end the active one of that machine; both or neither.

        Returns:
            The build with its number.

        Raises:
            StoreError: Nothing was stored.
        """
        try:
            if self._file is not None:
                self._file.reserve()
        except OSError as exc:
            raise StoreError(f"too little space to end builds safely: {exc.strerror}") from exc
        actives = [str(state) for state in ACTIVE]
        replaced = (BUILDS.c.host == build.host) & BUILDS.c.state.in_(actives)
        with faults():
            async with self.engine.begin() as connection:
                old = (await connection.execute(sa.select(BUILDS.c.id).where(replaced))).scalars()
                for number in old.all():
                    await self._note(connection, number, State.REPLACED, build.begun, cause, peer)
                await connection.execute(
                    sa.update(BUILDS)
                    .where(replaced)
                    .values(state=str(State.REPLACED), changed=build.begun)
                )
                insert = sa.insert(BUILDS).values(**_row(build)).returning(BUILDS.c.id)
                number = (await connection.execute(insert)).scalar_one()
                await self._note(connection, number, build.state, build.begun, cause, peer)
                await self._forget(connection, build.host)
        return replace(build, number=number)

    async def save(self, change: Change) -> None:
        """Store the state a build has come into; on a full disk, from what is reserved.

        The hooks that are owed to it are stored with it: both or neither.

        Raises:
            StoreError: It was not stored.
        """
        try:
            await self._save(change)
        except StoreError:
            if self._file is None or not self._file.spend():
                raise
            await self._save(change)

    async def _save(self, change: Change) -> None:
        build = change.build
        values: dict[str, Any] = {
            "state": str(build.state),
            "changed": build.changed,
            "mac": build.mac,
            "reason": build.reason,
        }
        if change.log:
            values["log"] = change.log
        with faults():
            async with self.engine.begin() as connection:
                this = BUILDS.c.id == build.number
                await connection.execute(sa.update(BUILDS).where(this).values(**values))
                await self._note(
                    *(connection, build.number, build.state, build.changed),
                    *(change.cause, change.peer),
                )
                for hook in change.owed:
                    kind = OWED[build.state]
                    row = owed_row(kind, hook, build.changed, build.host, build.number, build.mac)
                    await connection.execute(sa.insert(HOOKS).values(**row))

    async def _forget(self, connection: Any, host: str) -> None:
        """Forget the oldest builds of a machine, with their history and hooks."""
        mine = sa.select(BUILDS.c.id).where(BUILDS.c.host == host)
        kept = mine.order_by(BUILDS.c.id.desc()).limit(self._keep)
        owing = sa.select(HOOKS.c.build_id).where(HOOKS.c.state == "owed", HOOKS.c.host == host)
        old = mine.where(BUILDS.c.id.not_in(kept), BUILDS.c.id.not_in(owing))
        numbers = (await connection.execute(old)).scalars().all()
        if not numbers:
            return
        for table in (HOOKS, TRANSITIONS):
            await connection.execute(sa.delete(table).where(table.c.build_id.in_(numbers)))
        await connection.execute(sa.delete(BUILDS).where(BUILDS.c.id.in_(numbers)))

    async def log_of(self, number: int) -> str:
        """Return the end of the installer's log, which came with its report of failure.

        Raises:
            StoreError: It cannot be read.
        """
        with faults():
            async with self.engine.connect() as connection:
                query = sa.select(BUILDS.c.log).where(BUILDS.c.id == number)
                return str((await connection.execute(query)).scalar() or "")

    async def build(self, number: int) -> Build | None:
        """Return a build by its number, whatever its age; None if it is forgotten.

        Raises:
            StoreError: It cannot be read.
        """
        found = await self._select(sa.select(BUILDS).where(BUILDS.c.id == number))
        return found[0] if found else None

    async def latest(self) -> list[Build]:
        """Return the newest build of each machine.

        Raises:
            StoreError: They cannot be read.
        """
        newest = sa.select(sa.func.max(BUILDS.c.id)).group_by(BUILDS.c.host)
        return await self._select(sa.select(BUILDS).where(BUILDS.c.id.in_(newest)))

    async def ended_since(self, at: float) -> list[Build]:
        """Return the builds that were done or failed after ``at``, seconds since the epoch.

        Raises:
            StoreError: They cannot be read.
        """
        ends = [str(State.INSTALLED), str(State.FAILED)]
        recent = BUILDS.c.state.in_(ends) & (BUILDS.c.changed >= at)
        return await self._select(sa.select(BUILDS).where(recent))

    async def history(self, host: str) -> list[dict[str, Any]]:
        """Return the transitions of all builds of ``host``, oldest first, without tokens.

        Raises:
            StoreError: They cannot be read.
        """
        query = (
            sa.select(TRANSITIONS)
            .join(BUILDS, BUILDS.c.id == TRANSITIONS.c.build_id)
            .where(BUILDS.c.host == host)
            .order_by(TRANSITIONS.c.id)
        )
        with faults():
            async with self.engine.connect() as connection:
                rows = (await connection.execute(query)).mappings().all()
        return [
            {"build": row["build_id"], **{k: row[k] for k in ("at", "state", "cause", "peer")}}
            for row in rows
        ]

    async def _select(self, query: sa.Select[Any]) -> list[Build]:
        with faults():
            async with self.engine.connect() as connection:
                rows: Sequence[Any] = (await connection.execute(query)).mappings().all()
        return [_build(row) for row in rows]

    @property
    def engine(self) -> AsyncEngine:
        """The database; only while the store is entered."""
        assert self._engine is not None, "the store was not entered"  # noqa: S101
        return self._engine

    @staticmethod
    async def _note(
        connection: Any, number: int, state: State, at: float, cause: str, peer: str | None
    ) -> None:
        values = {"build_id": number, "at": at, "state": str(state), "cause": cause, "peer": peer}
        await connection.execute(sa.insert(TRANSITIONS).values(**values))


def _row(build: Build) -> dict[str, Any]:
    return {
        "host": build.host,
        "token": build.token,
        "state": str(build.state),
        "begun": build.begun,
        "changed": build.changed,
        "macs": json.dumps(build.macs),
        "definition": build.definition,
        "mac": build.mac,
        "build_type": build.build_type,
        "body": build.body,
        "reason": build.reason,
        "log": "",
    }


def _build(row: Any) -> Build:
    return Build(
        host=row["host"],
        token=row["token"],
        state=State(row["state"]),
        begun=row["begun"],
        changed=row["changed"],
        macs=tuple(json.loads(row["macs"])),
        definition=row["definition"],
        mac=row["mac"],
        build_type=row["build_type"],
        body=row["body"],
        reason=row["reason"],
        number=row["id"],
    )


def owed_row(
    kind: str, hook: Hook, at: float, host: str, number: int | None, mac: str | None
) -> dict[str, Any]:
    """Return the row of a hook that is owed."""
    return {
        "build_id": number,
        "host": host,
        "mac": mac,
        "kind": kind,
        "at": at,
        "hook": hook.model_dump_json(),
        "state": "owed",
        "attempts": 0,
        "ended": None,
        "result": "",
        "output": "",
    }


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
