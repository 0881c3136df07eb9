"""The service that notices machines in build mode which have come to stand still, and says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build
from pyxie.diagnosis.diagnostician import Told
from pyxie.diagnosis.english import said
from pyxie.diagnosis.finding import Diagnosis, Standing
from pyxie.events.event import Event, Recorder
from pyxie.events.kinds import Diagnosed
from pyxie.service import Unbound
from pyxie.slices import in_slices

_LOOK: Final = 5.0
"""Seconds between looks; each is in memory, and passes over whom nothing has happened to."""
_ANEW: Final = 60.0
"""Seconds after which one that stands still is looked at again, for what makes no event."""
_REFRESH: Final = 60
"""Looks between two at how long builds took."""
AGAIN: Final = 3600.0
"""Seconds in which the same is not said twice of a build: firmware that begins anew each minute
would say it each minute."""


class Events(Recorder, Protocol):
    """What is asked of `pyxie.events.trace.Trace`."""

    def recent(self, *, host: str | None = None, mac: str | None = None) -> list[Event]:
        """Return events that are kept, oldest first."""
        ...

    def last(self, host: str) -> int:
        """Return the number of a machine's last event."""
        ...


class Doctor(Protocol):
    """What is asked of `pyxie.diagnosis.diagnostician.Diagnostician`."""

    def of_host(self, name: str) -> Told | None:
        """Return the diagnosis of a machine."""
        ...


class _Seen(NamedTuple):
    """What a look has seen: of which build, up to which event, and when to look again."""

    build: int
    event: int
    until: float


class Standstill(Unbound):
    """A `pyxie.service.Service`.

    Args:
        index: Who is in build mode.
        diagnostician: Says why a machine does not boot.
        events: Where it is told, once.
        refresh: Called now and then, to learn how long builds took.
        every: Seconds between looks.
        clock: Seconds since the epoch.
    """

    name = "standstill"

    def __init__(
        self,
        index: BuildIndex,
        diagnostician: Doctor,
        events: Events,
        refresh: Callable[[], Awaitable[None]],
        *,
        every: float = _LOOK,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._diagnostician = diagnostician
        self._events = events
        self._refresh = refresh
        self._every = every
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    async def serve(self) -> None:
        """Look again and again, until cancelled."""
        looks = 0
        while True:
            if looks % _REFRESH == 0:
                await self._refresh()
            looks += 1
            await self.look()
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Look at all that are active, some at a time."""
        seen: dict[str, _Seen] = {}
        async for build in in_slices(self._index.active_now()):
            seen[build.host] = self._look_at(build)
        self._seen = seen

    def _look_at(self, build: Build) -> _Seen:
        host, now = build.host, self._clock()
        before, event = self._seen.get(host), self._events.last(host)
        unchanged = before is not None and (before.build, before.event) == (build.number, event)
        if before is not None and unchanged and now < before.until:
            return before
        told = self._diagnostician.of_host(host)
        if told is None:  # it ended a moment ago
            return _Seen(build.number, event, now)
        found = told.diagnosis
        if found.standing is Standing.STUCK and not self._was_said(build, found, now):
            words = said(found.what).of(host)
            what = Diagnosed(
                diagnosis=found.code,
                found=words.sentence,
                try_next=words.steps[0] if words.steps else "",
            )
            self._events.record(what, host=host)
        until = found.until if found.until is not None else now + _ANEW
        return _Seen(build.number, self._events.last(host), until)

    def _was_said(self, build: Build, found: Diagnosis, now: float) -> bool:
        """Tell whether the trace has the same of this build, and not too long ago."""
        return any(
            isinstance(each.what, Diagnosed)
            and each.what.diagnosis == found.code
            and max(build.begun, now - AGAIN) < each.at
            for each in reversed(self._events.recent(host=build.host))
        )
