"""A row of another table that is stored with what it tells of: all or none, by one sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pyxie.store.astext import Prepared


@dataclass(slots=True, eq=False)
class Along:
    """It, on its way.

    Attributes:
        table: Whose it is; its key is ``id``.
        insert: Stores it, and gives its key.
        row: What it says.
        number: Its ``id``, once it is stored.
    """

    table: sa.Table
    insert: Prepared
    row: Mapping[str, Any]
    number: int | None = None

    def store(self, connection: sa.Connection) -> int:
        """Store it; return its ``id``, which counts once all is stored."""
        ((number,),) = self.insert(connection, self.row)
        return int(number)

    def is_stored(self, number: int) -> None:
        """Note that it is."""
        self.number = number

    def remove(self, connection: sa.Connection) -> None:
        """Have it never have been stored."""
        if self.number is not None:
            connection.execute(sa.delete(self.table).where(self.table.c.id == self.number))
