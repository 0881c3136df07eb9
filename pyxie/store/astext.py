"""Statements of one row each, whose text for SQLite is made once and given to the driver as it is.

To look a statement up, and to prepare its values and its result, takes SQLAlchemy five times as
long as SQLite needs for it. Other databases are asked as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

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
    ) -> sa.CursorResult[Any]:
        """Execute it with the values of its parameters."""
        if connection.dialect.name != _SQLITE:
            return connection.execute(self.statement, values)
        if not self._text:
            self._make(connection.dialect)
        known = {**self._fixed, **values}
        return connection.exec_driver_sql(self._text, tuple([known[name] for name in self._order]))

    def _make(self, dialect: sa.Dialect) -> None:
        made: Any = self.statement.compile(  # type: ignore[attr-defined]
            dialect=dialect, column_keys=self._columns
        )
        self._fixed = dict(made.construct_params(_check=False))
        self._order = tuple(made.positiontup)
        self._text = str(made)


def columns(table: sa.Table) -> tuple[str, ...]:
    """Return those of a table that an INSERT is given: all but its key, ``id``."""
    return tuple(each.name for each in table.c if each.name != "id")
