"""The service that notices builds that take too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyxie.builds.builds import Builds
from pyxie.builds.life import Build
from pyxie.registry.machine import Machine
from pyxie.service import Unbound, next_tick
from pyxie.slices import in_slices

_LOOK = 5.0
"""Seconds between looks; a look is in memory."""


DEFAULT: Final = 7200
"""Seconds after which a build is stale where nothing is written: installers take minutes."""


def threshold(machine: Machine) -> int:
    """Return the seconds that a machine's build may take; 0 for any number."""
    written = machine.stale_build_threshold_secs
    return DEFAULT if written is None else written


class StaleWatch(Unbound):
    """A `pyxie.service.Service`.

    Args:
        builds: Who is in build mode.
        threshold: Seconds that a build may take; 0 for any number.
        every: Seconds between looks.
    """

    name = "stale"

    def __init__(
        self,
        builds: Builds,
        threshold: Callable[[Build], int],
        *,
        every: float = _LOOK,
    ) -> None:
        self._builds = builds
        self._threshold = threshold
        self._every = every

    async def serve(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await next_tick(self._every)

    async def look(self) -> None:
        """Look at all that are active, some at a time."""
        async for build in in_slices(self._builds.index.active_now()):
            limit = self._threshold(build)
            if self._builds.is_overdue(build, limit):
                await self._builds.stale(build, f"not done after {limit} s")
