"""States of every revision, with builds inside, and the statements that lead from one to the next.

What is used here is Alembic's alone, so that a state is made in the same way whatever pyxie does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import alembic.command
import sqlalchemy as sa
from alembic.config import Config

import pyxie

_FOLDER = Path(pyxie.__file__).parent / "store" / "migrations"
VERSIONS: Final = [
    path.name.partition("_")[0] for path in sorted((_FOLDER / "versions").glob("0*"))
]
"""All revisions, from the first to the newest."""

BUILDS: Final = [
    (1, "web01", "secret", "installed", None, "pending", "PUT /build"),
    (1, "web01", "secret", "installed", None, "installed", "done"),
    (2, "web02", "hush", "pending", "02:00:00:00:00:02", "pending", "PUT /build"),
]
"""What a state has that was laid, with its steps: as `kept` in test_schema.py reads it."""


def lay(folder: Path, revision: str | None) -> None:
    """Make a state of a revision, with builds inside; None for nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    if revision is not None:
        (folder / "pyxie.sqlite").write_bytes(_laid(revision))


@cache
def _laid(revision: str) -> bytes:
    with TemporaryDirectory() as folder:
        _make(Path(folder), revision)
        return (Path(folder) / "pyxie.sqlite").read_bytes()


def _make(folder: Path, revision: str) -> None:
    engine = sa.create_engine(f"sqlite:///{folder}/pyxie.sqlite")
    with engine.begin() as connection:
        _upgrade(connection, revision)
    engine.dispose()
    with closing(sqlite3.connect(folder / "pyxie.sqlite")) as there, there:
        there.execute("PRAGMA journal_mode=WAL")
        for number, host, token, state, mac in {each[:5]: None for each in BUILDS}:
            row = {
                "id": number,
                "host": host,
                "token": token,
                "state": state,
                "begun": 100.0,
                "changed": 160.0,
                "macs": '["02:00:00:00:00:02"]',
                "definition": f'{{"hostname":"{host}"}}',
                "mac": mac,
            }
            _insert(there, "builds", row)
        for step, each in enumerate(BUILDS):
            row = {"build_id": each[0], "at": 100.0 + step, "state": each[5], "cause": each[6]}
            _insert(there, "transitions", row)


def statements(old: str | None, new: str) -> list[str]:
    """Return what changes the schema from one revision to the next, statement by statement."""
    seen: list[str] = []
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        if old is not None:
            _upgrade(connection, old)
        with before_statements(seen.append):
            _upgrade(connection, new)
    return [each for each in seen if not each.lstrip().startswith(("SELECT", "PRAGMA"))]


@contextmanager
def before_statements(call: Callable[[str], None]) -> Iterator[None]:
    """Call something before each statement, and before and after each commit, of all databases."""

    def executed(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        call(sql)

    def committed(_connection: Any) -> None:
        call("COMMIT")

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    sa.event.listen(sa.Engine, "commit", committed)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", executed)
        sa.event.remove(sa.Engine, "commit", committed)


def _upgrade(connection: sa.Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, revision)


def _insert(there: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert a row; columns of later revisions that need a value are empty."""
    for _, name, kind, needed, default, key in there.execute(f"PRAGMA table_info({table})"):
        if needed and default is None and not key and name not in row:
            row[name] = "" if kind in ("TEXT", "VARCHAR(64)") else 0
    marks = ", ".join("?" * len(row))
    there.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
