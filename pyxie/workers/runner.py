"""What those who have something rendered ask of the workers."""

from __future__ import annotations

from typing import Protocol

from pyxie.config.settings import Settings
from pyxie.workers.jobs import Job
from pyxie.workers.lane import Lane
from pyxie.workers.made import Made


class Runner(Protocol):
    """What is asked of `pyxie.workers.pool.Pool`."""

    async def run(self, job: Job, settings: Settings, lane: Lane) -> Made:
        """Have a job done; raises as `Pool.run`."""
        ...

    @property
    def problems(self) -> list[str]:
        """What was stopped a moment ago."""
        ...
