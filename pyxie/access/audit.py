"""Who changed what, and when; in the state, the newest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from pyxie.store.database import Database
from pyxie.store.pools import StoreError
from pyxie.store.tables import AUDIT

log = logging.getLogger(__name__)

_PRUNE = 100
"""Entries after which the oldest are looked for."""


class Audit:
    """The log of changes over HTTP.

    Args:
        database: Entered before this is used.
        keep: How many changes are kept, as of now; older ones are forgotten.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        *,
        keep: Callable[[], int] = lambda: 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._keep = keep
        self._clock = clock
        self._written = 0

    async def note(self, who: str, peer: str, method: str, path: str, status: int) -> None:
        """Note a change that was asked for; where it cannot be stored, it is logged."""
        row = {"at": self._clock(), "who": who, "peer": peer}
        row |= {"method": method, "path": path, "status": status}
        try:
            async with self._database.transaction() as connection:
                await connection.execute(sa.insert(AUDIT).values(**row))
                self._written += 1
                if self._written % _PRUNE == 1:
                    newest = sa.select(AUDIT.c.id).order_by(AUDIT.c.id.desc())
                    kept = newest.limit(self._keep())
                    old = sa.delete(AUDIT).where(AUDIT.c.id.not_in(kept))
                    await connection.execute(old)
        except StoreError as exc:
            log.error("audit: %s %s by %s: %d; not stored: %s", method, path, who, status, exc)  # noqa: TRY400

    async def page(self, before: int | None, limit: int) -> list[dict[str, Any]]:
        """Return entries, the newest first.

        Args:
            before: Only those with a smaller ``id``; None for the newest.
            limit: At most so many.

        Raises:
            StoreError: They cannot be read.
        """
        query = sa.select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(AUDIT.c.id < before)
        rows = await self._database.shown(query)
        return [dict(row) for row in rows]
