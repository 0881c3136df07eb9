"""How machines in build mode stand: diagnosed once, for all who ask, until something happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pyxie.bounded import note
from pyxie.bounds import STANDINGS
from pyxie.builds.life import Build
from pyxie.diagnosis.course import Course, course
from pyxie.diagnosis.diagnostician import Told
from pyxie.diagnosis.finding import Standing
from pyxie.events.event import Event

_ANEW: Final = 60.0
"""Seconds after which one that stands still is looked at again, for what makes no event."""


class Events(Protocol):
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


@dataclass(frozen=True, slots=True)
class Stand:
    """How a machine stands.

    Attributes:
        build: The number of its build.
        event: The number of its last event.
        until: When to look again though nothing happens, seconds since the epoch.
        told: Its diagnosis; None if it has ended a moment ago.
        way: Its boots since that build began.
    """

    build: int
    event: int
    until: float
    told: Told | None
    way: Course

    @property
    def is_stuck(self) -> bool:
        """Whether it does not go on by itself."""
        return self.told is not None and self.told.diagnosis.standing is Standing.STUCK


class Standings:
    """Keeps the last diagnosis of each machine in build mode.

    One costs a fraction of a millisecond, and who looks at a thousand machines, again and again,
    asks for most of them what they asked a moment before.

    Args:
        doctor: Says why a machine does not boot.
        events: Those that are remembered.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, doctor: Doctor, events: Events, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._doctor = doctor
        self._events = events
        self._clock = clock
        self._of: dict[str, Stand] = {}

    def of(self, build: Build) -> Stand:
        """Return how the machine of an active build stands by now."""
        host, now = build.host, self._clock()
        before, event = self._of.get(host), self._events.last(host)
        unchanged = before is not None and (before.build, before.event) == (build.number, event)
        if before is not None and unchanged and now < before.until:
            return before
        told = self._doctor.of_host(host)
        until = now if told is None else told.diagnosis.until
        way = course(self._events.recent(host=host), build.begun)
        stand = Stand(build.number, event, now + _ANEW if until is None else until, told, way)
        STANDINGS.reached(note(self._of, host, stand, STANDINGS.whole))
        return stand

    def looked_at(self, host: str) -> tuple[int, int, float] | None:
        """Return what is another once a machine was looked at anew; None if it never was."""
        seen = self._of.get(host)
        return None if seen is None else (seen.build, seen.event, seen.until)

    def stuck(self, builds: Iterable[Build]) -> int:
        """Return how many of these builds stand still, of those that were looked at.

        One that has ended meanwhile, or in whose place another has begun, is none of them.
        """
        looked_at = ((each.number, self._of.get(each.host)) for each in builds)
        return sum(
            seen is not None and seen.build == number and seen.is_stuck
            for number, seen in looked_at
        )

    def said(self, build: Build) -> None:
        """Note that what was told of it has just become an event, which changes nothing of that."""
        before = self._of.get(build.host)
        if before is not None:
            self._of[build.host] = replace(before, event=self._events.last(build.host))

    def keep(self, hosts: Container[str]) -> None:
        """Forget all machines but these."""
        for host in [each for each in self._of if each not in hosts]:
            del self._of[host]
