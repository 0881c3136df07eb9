"""Who changed what, and when; in the state, the newest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import sqlalchemy as sa

from pyxie.bounds import AUDIT_WAITING
from pyxie.metrics import Metrics
from pyxie.service import Unbound
from pyxie.store.along import Along
from pyxie.store.astext import Prepared, columns
from pyxie.store.database import Database
from pyxie.store.queue import WriteQueue
from pyxie.store.tables import AUDIT

log = logging.getLogger(__name__)

NOTED: Final = Prepared(sa.insert(AUDIT).returning(AUDIT.c.id), columns(AUDIT))
_PRUNE: Final = 100
"""Entries after which the oldest are looked for."""


@dataclass(slots=True, eq=False)
class Entry:
    """A change that is asked for, of which nobody knows yet what comes.

    Attributes:
        who, peer, method, path: Who asks for what.
        along: What says so already, stored with the change itself.
    """

    who: str
    peer: str
    method: str
    path: str
    along: Along | None = None

    def row(self, at: float, status: int) -> dict[str, Any]:
        """Return the row of an answer."""
        said = {"who": self.who, "peer": self.peer, "method": self.method, "path": self.path}
        return {"at": at, **said, "status": status}

    def goes(self, along: Along) -> None:
        """Note what says so once the change is stored."""
        self.along = along


class Audit(Unbound):
    """The log of changes over HTTP; a `pyxie.service.Service`, which stores what has to wait.

    Args:
        database: Entered before this is used.
        metrics: Counters.
        keep: How many changes are kept, as of now; older ones are forgotten.
        clock: Seconds since the epoch.
    """

    name = "audit"

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        *,
        keep: Callable[[], int] = lambda: 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._keep = keep
        self._clock = clock
        self._unpruned = _PRUNE
        self._queue = WriteQueue("audit", self._write)
        metrics.unsaved.labels("audit").set_function(lambda: len(self._queue))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for row in await self._queue.close():
            self._tell(row)

    async def serve(self) -> None:
        """Store what could not be stored when it happened."""
        await self._queue.serve()

    def along(self, entry: Entry, status: int) -> Along | None:
        """Return what notes a change when it is stored with it; None where it has its turn later.

        Args:
            entry: Who asks for what.
            status: What the answer will be if it is stored; `close` mends another.
        """
        if not self._database.is_certain or len(self._queue) or self._unpruned >= _PRUNE:
            return None
        self._unpruned += 1
        entry.goes(Along(AUDIT, NOTED, entry.row(self._clock(), status)))
        return entry.along

    async def close(self, entry: Entry, status: int) -> None:
        """Note what was answered, as `note`, unless that is stored."""
        along, row = entry.along, entry.row(self._clock(), status)
        if along is not None and along.number is not None:
            if along.row["status"] == status:
                return
            row["id"] = along.number
        await self._add(row)

    async def note(self, who: str, peer: str, method: str, path: str, status: int) -> None:
        """Note a change that was asked for, and wait a moment for it to be stored.

        Where it cannot be, it is kept in memory; where too many are, it is logged.
        """
        await self._add(Entry(who, peer, method, path).row(self._clock(), status))

    async def _add(self, row: dict[str, Any]) -> None:
        if len(self._queue) >= AUDIT_WAITING.most:
            AUDIT_WAITING.reached()
            self._tell(row)
            return
        await self._queue.add(row)

    def _tell(self, row: dict[str, Any]) -> None:
        shown = row["method"], row["path"], row["who"], row["status"]
        log.error("audit: %s %s by %s: %d; not stored: %s", *shown, self._queue.problem)

    async def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        self._unpruned += len(rows)
        prune = self._unpruned >= _PRUNE
        if prune:
            self._unpruned = 0
        keep = self._keep()
        new = [row for row in rows if "id" not in row]
        mended = [row for row in rows if "id" in row]

        def write(connection: sa.Connection) -> None:
            if new:
                connection.execute(sa.insert(AUDIT), new)
            for row in mended:
                this = sa.update(AUDIT).where(AUDIT.c.id == row["id"])
                connection.execute(this.values(status=row["status"]))
            if prune:
                kept = sa.select(AUDIT.c.id).order_by(AUDIT.c.id.desc()).limit(keep)
                connection.execute(sa.delete(AUDIT).where(AUDIT.c.id.not_in(kept)))

        await self._database.write(write)

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
