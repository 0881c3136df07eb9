"""Statements of one row each, whose text for SQLite is made once and given to its driver as it is.

SQLAlchemy takes many times as long for each as SQLite: to look it up, to prepare its values and its
result. Other databases are asked as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

_SQLITE: Final = "sqlite"


class Prepared:
    """One of them.

    Args:
        statement: As SQLAlchemy has it, without lists; its values are numbers and texts.
        columns: Those that an INSERT is given; of another statement None.
    """

    def __init__(self, statement: sa.Executable, columns: Sequence[str] | None = None) -> None:
        self.statement = statement
        self._columns = columns
        self._text = ""
        self._order: tuple[str, ...] = ()
        self._fixed: dict[str, Any] = {}

    def __call__(
        self, connection: sa.Connection, values: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Execute it with the values of its parameters, in the connection's transaction.

        Returns:
            The rows that it gives.

        Raises:
            SQLAlchemyError: As SQLAlchemy would.
        """
        if connection.dialect.name != _SQLITE:
            done = connection.execute(self.statement, values)
            return done.all() if done.returns_rows else ()
        if not self._text:
            self._make(connection.dialect)
        known = {**self._fixed, **values}
        given = tuple([known[name] for name in self._order])
        return by_driver(connection, self._text, given)

    def _make(self, dialect: sa.Dialect) -> None:
        made: Any = self.statement.compile(  # type: ignore[attr-defined]
            dialect=dialect, column_keys=self._columns
        )
        self._fixed = dict(made.construct_params(_check=False))
        self._order = tuple(made.positiontup)
        self._text = str(made)


def by_driver(
    connection: sa.Connection, text: str, given: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Have SQLite's driver execute a statement; return its rows; raises SQLAlchemyError."""
    driver: Any = connection.connection.dbapi_connection
    try:
        found: list[tuple[Any, ...]] = driver.execute(text, given).fetchall()
    except sqlite3.Error as exc:
        raise _told(exc, connection.dialect) from exc
    return found


def _told(error: sqlite3.Error, dialect: sa.Dialect) -> BaseException:
    """Return an error of the driver's as SQLAlchemy raises it; values are not in it."""
    return DBAPIError.instance(None, None, error, sqlite3.Error, dialect=dialect)


def columns(table: sa.Table) -> tuple[str, ...]:
    """Return those of a table that an INSERT is given: all but its key, ``id``."""
    return tuple(each.name for each in table.c if each.name != "id")
