"""The schema, brought to the newest revision: whole or not at all.

All revisions are one transaction. SQLite undoes changes of the schema as any other, if only the
transaction is begun by us: Python's driver begins none before a CREATE or ALTER, so each of them
was on disk by itself (docs.python.org/3/library/sqlite3.html, transaction control).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from pyxie.store.astext import by_driver
from pyxie.store.tables import HEAD, METADATA

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

_Objects = frozenset[tuple[str, ...]]

BY_HAND: Final[dict[str, Any]] = {"isolation_level": None}
"""What SQLite's driver is connected with, so that it begins no transactions of its own."""
_VERSION: Final = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"


class StrangeSchemaError(Exception):
    """The schema is of no revision that is known here; the text follows the database's name."""


def in_whole_transactions(engine: sa.Engine) -> None:
    """Have SQLite's transactions begin where SQLAlchemy's do, as writers.

    The engine has to be made with `BY_HAND`.

    A writer that begins as a reader is refused at once, without waiting, where another has written
    meanwhile (sqlite.org/lang_transaction.html, SQLITE_BUSY_SNAPSHOT).
    """
    sa.event.listen(engine, "begin", _begin)


def _begin(connection: sa.Connection) -> None:
    by_driver(connection, "BEGIN IMMEDIATE")


def revision(connection: sa.Connection) -> str | None:
    """Return which revision the schema is of; None if there is none yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(connection: sa.Connection) -> None:
    """Bring the schema to `HEAD`, within the transaction that the connection is in.

    What an older pyxie left half made is finished: those changed it statement by statement.
    A first start makes the tables as the newest revision has them, in a tenth of the time.
    Alembic is imported only where there is something to change.

    Raises:
        StrangeSchemaError: It is of no revision that is known here.
        SQLAlchemyError: It cannot be changed.
    """
    found = revision(connection)
    if found == HEAD:
        return
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite and not _objects(connection):
        _lay(connection)
        return
    half = _finish(connection, found) if is_sqlite else ""
    try:
        _to(connection, "head")
    except DBAPIError as exc:
        if not half:
            raise
        raise StrangeSchemaError(
            f"{half} ({exc.orig}): put a backup back with `pyxie restore`, "
            "or set another 'state' in config.yaml"
        ) from exc


def _lay(connection: sa.Connection) -> None:
    """Make all tables where there is none."""
    METADATA.create_all(connection)
    connection.execute(sa.schema.CreateTable(_VERSION))
    connection.execute(_VERSION.insert(), {"version_num": HEAD})


def _finish(connection: sa.Connection, found: str | None) -> str:
    """Finish the revision after ``found``, if a part of its statements was executed.

    Each of them makes tables, columns or indexes, so what is there tells which those are.

    Returns:
        What the schema is, where it cannot have come about so; empty if it can.
    """
    objects = _objects(connection)
    following, before, steps = _learnt(found)
    if following is None:
        return ""
    there = objects & before.union(*(made for _, made in steps))
    if there == before:
        return ""
    if there < before or any(made & there and not made <= there for _, made in steps):
        return f"is neither of revision {found or '0000'} nor of {following}"
    for statement, made in steps:
        if not made or not made <= there:
            _change(connection, statement)
    log.warning("state: the upgrade to %s, which was broken off, is finished", following)
    return ""


def _learnt(found: str | None) -> tuple[str | None, _Objects, Sequence[tuple[str, _Objects]]]:
    """Learn, in memory, what the revision after ``found`` does.

    Returns:
        The revision; what there is before it; its statements, each with what it makes.
    """
    engine = sa.create_engine("sqlite://", connect_args=BY_HAND)
    in_whole_transactions(engine)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN")):
            statements.append(statement)

    with engine.connect() as memory:
        with memory.begin() as trial:
            if found is not None:
                _to(memory, found)
            before = there = _objects(memory)
            sa.event.listen(engine, "before_cursor_execute", note)
            _to(memory, "+1")
            sa.event.remove(engine, "before_cursor_execute", note)
            following = revision(memory)
            trial.rollback()
        with memory.begin():
            if found is not None:
                _to(memory, found)
            steps = []
            for statement in statements:
                _change(memory, statement)
                steps.append((statement, _objects(memory) - there))
                there = _objects(memory)
    engine.dispose()
    return following, before, steps


def _change(connection: sa.Connection, statement: str) -> None:
    """Execute a statement to its end: Alembic's INSERT returns a row, which nobody reads.

    As long as it is not read SQLite commits nothing ("SQL statements in progress"), and whoever
    looks at our stack in another thread, a profiler or debugger, keeps the cursor.
    """
    connection.exec_driver_sql(statement).close()


def _objects(connection: sa.Connection) -> _Objects:
    """Return the names of all tables, columns and indexes."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, '' FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        " UNION ALL SELECT m.type, m.name, c.name"
        " FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
    )
    return frozenset(tuple(row) for row in rows)


def _to(connection: sa.Connection, target: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(_config(connection), target)
    except CommandError as exc:
        raise StrangeSchemaError(
            f"was written by another release of pyxie ({exc}); "
            "install that one, or set another 'state' in config.yaml"
        ) from exc


def _config(connection: sa.Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
