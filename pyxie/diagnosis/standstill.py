"""The service that notices machines in build mode which have come to stand still, and says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build
from pyxie.diagnosis.english import said
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.standings import Stand, Standings
from pyxie.events.event import Event, Recorder
from pyxie.events.kinds import Diagnosed
from pyxie.service import Unbound, next_tick
from pyxie.slices import in_slices

_LOOK: Final = 5.0
"""Seconds between looks; each is in memory, and passes over whom nothing has happened to."""
_TURN: Final = 0.0005
"""Seconds of a look in one turn of the event loop: a hall that is powered on has something new of
each machine, a third of a second's work, and its offers are not to wait for it;"""
_REST: Final = 0.005
"""and as many that others have after each."""
_WAITS: Final = 200
"""How often a look waits so long for events that are still to be made: to ask for one machine's has
all of a hall's made at once, 5 ms in which offers wait."""
_FEW: Final = 4
"""Machines that are diagnosed before it gives way: some 0.3 ms each."""
_REFRESH: Final = 60
"""Looks between two at how long builds took."""
AGAIN: Final = 3600.0
"""Seconds in which the same is not said twice of a build: firmware that begins anew each minute
would say it each minute."""


class Events(Recorder, Protocol):
    """What is asked of `pyxie.events.trace.Trace`."""

    @property
    def is_behind(self) -> bool:
        """Whether machines were heard of which no event is made yet."""
        ...

    def recent(self, *, host: str | None = None, mac: str | None = None) -> list[Event]:
        """Return events that are kept, oldest first."""
        ...


async def _go_on() -> None:
    """Give way to nobody."""


class Standstill(Unbound):
    """A `pyxie.service.Service`.

    Args:
        index: Who is in build mode.
        standings: Tells how a machine stands, anew where that may be another.
        events: Where it is told, once.
        refresh: Called now and then, to learn how long builds took.
        gives_way: Waits while there is much else to do, for a moment at most: of a thousand builds
            that begin each has to be diagnosed, and their callers wait for none of it.
        every: Seconds between looks.
        clock: Seconds since the epoch.
    """

    name = "standstill"

    def __init__(
        self,
        index: BuildIndex,
        standings: Standings,
        events: Events,
        refresh: Callable[[], Awaitable[None]],
        *,
        gives_way: Callable[[], Awaitable[None]] = _go_on,
        every: float = _LOOK,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._standings = standings
        self._events = events
        self._refresh = refresh
        self._gives_way = gives_way
        self._every = every
        self._clock = clock
        self._seen: dict[str, Stand] = {}

    async def serve(self) -> None:
        """Look again and again, until cancelled."""
        looks = 0
        while True:
            if looks % _REFRESH == 0:
                await self._refresh()
            looks += 1
            await self.look()
            await next_tick(self._every)

    async def look(self) -> None:
        """Look at all that are active, some at a time."""
        seen: dict[str, Stand] = {}
        builds, left, anew = self._index.active_now(), _WAITS, 0
        async for build in in_slices(builds, turn=_TURN, rest=_REST):
            while left and self._events.is_behind:
                left -= 1
                await asyncio.sleep(_REST)
            stand = seen[build.host] = self._look_at(build)
            anew += stand is not self._seen.get(build.host)
            if anew >= _FEW:
                anew = 0
                await self._gives_way()
        self._seen = seen
        self._standings.keep(seen)

    def _look_at(self, build: Build) -> Stand:
        host, now, stand = build.host, self._clock(), self._standings.of(build)
        if stand is self._seen.get(host) or stand.told is None:
            return stand
        found = stand.told.diagnosis
        if stand.is_stuck and not self._was_said(build, found, now):
            words = said(found.what).of(host)
            what = Diagnosed(
                diagnosis=found.code,
                found=words.sentence,
                try_next=words.steps[0] if words.steps else "",
            )
            self._events.record(what, host=host)
            self._standings.said(build)
        return self._standings.of(build)

    def _was_said(self, build: Build, found: Diagnosis, now: float) -> bool:
        """Tell whether the trace has the same of this build, and not too long ago."""
        return any(
            isinstance(each.what, Diagnosed)
            and each.what.diagnosis == found.code
            and max(build.begun, now - AGAIN) < each.at
            for each in reversed(self._events.recent(host=build.host))
        )
