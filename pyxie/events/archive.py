"""Events on disk, so that what happened before a restart can still be looked up.

Written in the background, a second's worth at a time: who records an event never waits.
Any client on the LAN can cause events, so their number is bounded, and that of unknown
machines by itself, lest they push out the others'.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from itertools import islice
from typing import Any, Final, Protocol, Self

import sqlalchemy as sa

from pyxie.bounds import EVENTS_RECENT, EVENTS_UNKNOWN, EVENTS_WAITING, STORE_PATIENCE
from pyxie.events.event import Event
from pyxie.events.kind import Step, from_data
from pyxie.metrics import Metrics
from pyxie.service import Unbound, next_tick
from pyxie.store.database import Database
from pyxie.store.pools import StoreError, UnfitError
from pyxie.store.tables import EVENTS

log = logging.getLogger(__name__)

_EVERY: Final = 1.0
_LAST: Final = 5.0
"""Seconds that the end waits for what is left to be written."""
_AT_ONCE: Final = 10
"""Events that are worked on before the event loop has its turn."""
_PRUNE: Final = 500
"""Events after which the oldest are looked for."""
_OF_UNKNOWN: Final = 10
"""One part in so many of what is kept is for unknown machines."""


class Followed(Protocol):
    """What is asked of `pyxie.events.trace.Trace`."""

    def follow(self) -> AbstractContextManager[asyncio.Queue[Event]]:
        """Yield a queue that receives every event from now on."""
        ...

    def restore(self, event: Event) -> None:
        """Keep an event of before the start."""
        ...

    def settle(self) -> None:
        """Make all events that were to be made a moment later."""
        ...


class Archive(Unbound):
    """Stores what `Trace` records; a `pyxie.service.Service`.

    To enter it gives the trace what it held before the last stop, as far as that is on disk.

    Args:
        database: Entered before this serves.
        trace: Where events come from.
        metrics: Counters.
        keep: How many are kept, as of now; 0 for none.
        every: Seconds between writes.
        restored: Told of each event of before the start, the oldest first.
    """

    name = "archive"

    def __init__(
        self,
        database: Database,
        trace: Followed,
        metrics: Metrics,
        *,
        keep: Callable[[], int],
        every: float = _EVERY,
        restored: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._database = database
        self._trace = trace
        self._keep = keep
        self._every = every
        self._restored = restored
        self._queue: asyncio.Queue[Event] | None = None
        self._next: Event | None = None
        """That of the queue which has woken who writes."""
        self._waiting: deque[dict[str, Any]] = deque(maxlen=EVENTS_WAITING.whole)
        self._writing = asyncio.Lock()
        self._unpruned = _PRUNE
        self._failing = False
        self._last: asyncio.Task[None] | None = None
        metrics.unsaved.labels("events").set_function(lambda: len(self._waiting))

    async def __aenter__(self) -> Self:
        unknown = EVENTS.c.host.is_(None)
        newest = sa.select(EVENTS).order_by(EVENTS.c.id.desc())
        try:
            rows = [
                row
                for of, most in ((unknown, EVENTS_UNKNOWN.whole), (~unknown, EVENTS_RECENT.whole))
                for row in await self._database.rows(newest.where(of).limit(most))
            ]
        except StoreError as exc:
            log.warning("what happened before cannot be read: %s", exc)
            return self
        for row in sorted(rows, key=lambda row: (row["at"], row["id"])):
            event = _event(row)
            if event is not None:
                self._trace.restore(event)
                self._restored(event)
        return self

    async def serve(self) -> None:
        """Write what happens, until cancelled."""
        with self._trace.follow() as queue:
            self._queue = queue
            try:
                while True:
                    if not self._waiting:  # else that is tried again
                        self._next = await queue.get()
                    await next_tick(self._every)
                    await self.flush()
            finally:
                await self._finish()
                self._queue = None

    async def _finish(self) -> None:
        """Write what is left after the write that is running; the database closes after us."""
        self._trace.settle()
        last = asyncio.create_task(self._flush(), name="the last events")
        ends = asyncio.get_running_loop().time() + (1.0 if self._failing else _LAST)
        while not last.done() and (left := ends - asyncio.get_running_loop().time()) > 0:
            with suppress(asyncio.CancelledError):
                await asyncio.wait([last], timeout=left)
        if last.done():
            last.result()
        if self._waiting:
            log.warning("events: %d are lost, which could not be stored", len(self._waiting))

    async def flush(self) -> None:
        """Write now what has happened; what cannot be written waits for the next time.

        Who is cancelled leaves the write to end by itself: of one that was broken off, nobody
        could tell whether its events are on disk.
        """
        await asyncio.shield(asyncio.create_task(self._flush(), name="events"))

    async def _flush(self, *, unless_failing: bool = False) -> None:
        async with self._writing:
            if self._next is not None:
                self._take(self._next)
                self._next = None
            while self._queue is not None and not self._queue.empty():
                if self._take(self._queue.get_nowait()) and len(self._waiting) % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # others have their turn
            if not self._keep():
                self._waiting.clear()
            if not (unless_failing and self._failing):
                await self._write_all()

    def _take(self, event: Event) -> bool:
        """Have an event written next; tell whether it is kept, as a silence to strangers is not."""
        if event.host is None and event.step is Step.SILENCE:
            return False
        if len(self._waiting) == EVENTS_WAITING.most:
            EVENTS_WAITING.reached()
        row = event.members()
        row["data"] = json.dumps(row["data"])
        self._waiting.append(row)
        return True

    async def _write_all(self) -> None:
        size = len(self._waiting)
        while self._waiting:
            batch = list(islice(self._waiting, size))
            try:
                if not await self._write(batch):
                    return
            except UnfitError as exc:
                if size > 1:  # whichever it is: the others are fit
                    size = 1
                    continue
                log.warning("an event can never be stored: %s", exc)
            for _ in batch:
                self._waiting.popleft()

    async def _write(self, rows: list[dict[str, Any]]) -> bool:
        """Store all the rows or none; tell whether they are stored; raises UnfitError."""
        self._unpruned += len(rows)
        prune = self._unpruned >= _PRUNE
        if prune:
            self._unpruned = 0
        keep = self._keep()

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.insert(EVENTS), rows)
            if prune:
                _forget(connection, keep)

        try:
            await self._database.write(write)
        except UnfitError:
            raise
        except StoreError as exc:
            if not self._failing:
                log.warning(
                    "events are not kept: %s; the newest %d are tried again",
                    exc,
                    EVENTS_WAITING.whole,
                )
            self._failing = True
            return False
        self._failing = False
        return True

    async def page(
        self,
        *,
        host: str | None = None,
        mac: str | None = None,
        step: Step | None = None,
        since: float | None = None,
        until: float | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """Return events that fit all that is given, the newest first.

        Args:
            host: Of that machine.
            mac: Of that NIC.
            step: Of that kind.
            since: Not older, seconds since the epoch.
            until: Not newer.
            before: Only those with a smaller ``id``.
            limit: At most so many.

        Those of the last second may be missing, while they cannot be written.

        Raises:
            StoreError: They cannot be read.
        """
        self._last = asyncio.create_task(self._flush(unless_failing=True), name="events, looked at")
        await asyncio.wait([self._last], timeout=STORE_PATIENCE.most)
        found = sa.select(EVENTS).order_by(EVENTS.c.id.desc()).limit(limit)
        for column, value in ((EVENTS.c.host, host), (EVENTS.c.mac, mac)):
            if value is not None:
                found = found.where(column == value)
        if step is not None:
            found = found.where(EVENTS.c.step == str(step))
        if since is not None:
            found = found.where(EVENTS.c.at >= since)
        if until is not None:
            found = found.where(EVENTS.c.at <= until)
        if before is not None:
            found = found.where(EVENTS.c.id < before)
        rows = await self._database.shown(found)
        return [{**row, "data": json.loads(row["data"])} for row in rows]


def _forget(connection: sa.Connection, keep: int) -> None:
    unknown = EVENTS.c.host.is_(None)
    for of, most in ((unknown, keep // _OF_UNKNOWN), (~unknown, keep)):
        newest = sa.select(EVENTS.c.id).where(of).order_by(EVENTS.c.id.desc())
        oldest = connection.execute(newest.offset(most).limit(1)).scalar()
        if oldest is not None:
            connection.execute(sa.delete(EVENTS).where(of & (EVENTS.c.id <= oldest)))


def _event(row: Mapping[Any, Any]) -> Event | None:
    """Return an event that was stored; None for one whose kind an older release had."""
    try:
        what = from_data(row["code"] or "", json.loads(row["data"]))
        if what is None:
            return None
        return Event(at=row["at"], what=what, mac=row["mac"], host=row["host"], peer=row["peer"])
    except (AttributeError, TypeError, ValueError):  # its fields hold something else by now
        return None
