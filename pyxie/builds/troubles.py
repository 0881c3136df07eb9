"""Which builds cannot go on, and since when: for those who look at builds, not at events."""

from __future__ import annotations

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build
from pyxie.events.event import Event
from pyxie.events.trouble import Troubles
from pyxie.metrics import Metrics
from pyxie.slices import in_slices


class TroubledBuilds:
    """Tells of a build's last trouble.

    Args:
        index: The newest build of each machine.
        troubles: The last of each machine.
        metrics: Counters.
    """

    def __init__(self, index: BuildIndex, troubles: Troubles, metrics: Metrics) -> None:
        self._index = index
        self._troubles = troubles
        self._metrics = metrics

    def of(self, build: Build) -> Event | None:
        """Return the last trouble of a build, unless that is over; older builds have none."""
        newest = self._index.of(build.host)
        if newest is None or newest.number != build.number:
            return None
        return self._troubles.of(build.host, build.begun)

    async def count(self) -> int:
        """Return how many active builds are in trouble; it is in the metrics then."""
        found = 0
        # Of the few that had any: there may be thousands of builds, and this is asked each second.
        async for host in in_slices(self._troubles.hosts()):
            build = self._index.active(host)
            found += build is not None and self.of(build) is not None
        self._metrics.builds_in_trouble.set(found)
        return found
