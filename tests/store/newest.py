"""A state of the newest schema with nothing in it, as a first start leaves it.

Migrating takes ten times as long as all else that a server of a test needs, so it is done once for
all tests that are not on it.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from pyxie.store import schema

_WRITER, _READER, _WAL = 18, 19, 2


def url(folder: Path) -> str:
    """Lay a state in a folder, unless there is one; return its URL."""
    return at(f"sqlite:///{folder}/pyxie.sqlite")


def at(state: str) -> str:
    """Lay a state at a URL, unless there is one, or it is of no file; return the URL."""
    found = make_url(state)
    if found.get_backend_name() == "sqlite" and found.database:
        file = Path(found.database)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.touch(mode=0o600)
            file.write_bytes(_empty())
    return state


@cache
def _empty() -> bytes:
    engine = sa.create_engine("sqlite://", connect_args=schema.BY_HAND)
    schema.in_whole_transactions(engine)
    with engine.connect() as connection:
        with connection.begin():
            schema.upgrade(connection)
        memory = connection.connection.driver_connection
        assert isinstance(memory, sqlite3.Connection)
        content = bytearray(memory.serialize())
    engine.dispose()
    content[_WRITER] = content[_READER] = _WAL  # sqlite.org/fileformat.html, 1.3.3
    return bytes(content)
