"""The service that notices when a bound was reached: what counts them is told no time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pyxie.bounds import ALL, Bound
from pyxie.service import Unbound, next_tick

_LOOK: Final = 5.0
"""Seconds between looks."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A bound that was reached.

    Attributes:
        bound: It; how often says `Bound.times`.
        last: When it last was, to some seconds, since the epoch; None where that was before this
            watch began.
    """

    bound: Bound
    last: float | None


class BoundWatch(Unbound):
    """A `pyxie.service.Service`.

    Args:
        clock: Seconds since the epoch.
        every: Seconds between looks.
        bounds: Those that are watched.
    """

    name = "bound watch"

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        every: float = _LOOK,
        bounds: Sequence[Bound] = ALL,
    ) -> None:
        self._clock = clock
        self._every = every
        self._bounds = bounds
        self._seen = {each.name: each.times for each in bounds}
        self._last: dict[str, float] = {}

    async def serve(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await next_tick(self._every)
            self.look()

    def look(self) -> None:
        """Look now."""
        now = self._clock()
        for each in self._bounds:
            if each.times != self._seen[each.name]:
                self._seen[each.name] = each.times
                self._last[each.name] = now

    def reached(self) -> list[Reached]:
        """Return those that were ever reached, the last at the top."""
        self.look()
        found = [Reached(each, self._last.get(each.name)) for each in self._bounds if each.times]
        return sorted(found, key=lambda each: (-(each.last or 0.0), each.bound.name))
