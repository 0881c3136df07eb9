"""The service that has workers do jobs: in turn, within time, and some kept ready."""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType, TracebackType
from typing import Final, Self

from pyxie.bounded import note
from pyxie.bounds import RENDER_STOPPED
from pyxie.config.settings import Settings
from pyxie.errors import ExhaustedError
from pyxie.metrics import Metrics
from pyxie.render.uses import Uses
from pyxie.workers.child import Forks
from pyxie.workers.jobs import Job
from pyxie.workers.lane import Asked, Lane, Size, Workers
from pyxie.workers.made import Made

log = logging.getLogger(__name__)

_STOPPED_FOR: Final = 60.0
"""Seconds for which a job that was stopped is not tried again, unless a file of it changes."""

SIZES: Final[Mapping[Lane, Size]] = MappingProxyType(
    {
        Lane.BOOT: Size(1, 4),
        Lane.MANAGEMENT: Size(1, 1),
        Lane.HOOKS: Size(0, 2),
        Lane.REST: Size(0, 1, idle=2.0),
    }
)
"""A template without end takes a worker for some seconds, and is then not tried again; with four
of them for boots, and one job at a time of a machine, it takes several such machines at once to
have others wait."""


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A job that took more than it may."""

    until: float
    settings: Settings
    uses: Uses
    error: ExhaustedError


class Pool:
    """A `pyxie.service.Service` that has jobs done in other processes.

    Args:
        forks: Starts these.
        settings: Those of now, by which workers get ready.
        metrics: Counters.
        sizes: How many there are of them.
        clock: Seconds, monotonic.
    """

    name = "workers"

    def __init__(
        self,
        forks: Forks,
        settings: Callable[[], Settings],
        metrics: Metrics,
        *,
        sizes: Mapping[Lane, Size] = SIZES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._forks = forks
        self._metrics = metrics
        self._clock = clock
        self._stopped: dict[bytes, _Stopped] = {}
        self._lanes = {
            lane: Workers(lane, size, forks, settings, metrics, self._note)
            for lane, size in sizes.items()
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for lane in self._lanes.values():
            await lane.close()

    async def serve(self) -> None:
        """Keep workers ready, until cancelled; returns if none can be started any more."""
        for lane in self._lanes.values():
            lane.keep_ready()
        loop, control = asyncio.get_running_loop(), self._forks.control
        await loop.sock_recv(control, 1)

    async def drain(self) -> None:
        """Leave what is in hand to those who wait for it."""

    def become(self, user: str) -> None:
        """Have all workers be of that user; to be called before the first is started."""
        self._forks.become(user)

    @property
    def problems(self) -> list[str]:
        """What was stopped, and is not tried again yet."""
        now = self._clock()
        return [f"stopped: {each.error}" for each in self._stopped.values() if now < each.until]

    async def run(self, job: Job, settings: Settings, lane: Lane) -> Made:
        """Have a job done.

        Raises:
            NotServedError: As the job does.
            RenderError: As the job does; or it took more than it may, now or a moment before.
            BusyError: Too many wait.
        """
        message = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        if self._stopped:
            self._check(message, settings)
        made = await self._lanes[lane].run(job, settings, message)
        if made.bug:
            raise RuntimeError(f"a worker met a bug, while rendering {job.what}:\n{made.bug}")
        if made.error is not None:
            raise made.error.error()
        return made

    def _check(self, message: bytes, settings: Settings) -> None:
        key = _digest(message)
        found = self._stopped.get(key)
        if found is None:
            return
        if self._clock() < found.until and found.settings is settings and found.uses.are_current():
            raise found.error
        del self._stopped[key]

    def _note(self, asked: Asked, error: ExhaustedError, uses: Uses) -> None:
        """Remember what was stopped: it would be again, and take as long."""
        log.warning("%s: %s", asked.job.whose or "a boot script", error)
        stopped = _Stopped(self._clock() + _STOPPED_FOR, asked.settings, uses, error)
        key, most = _digest(asked.message), RENDER_STOPPED.whole
        RENDER_STOPPED.reached(note(self._stopped, key, stopped, most))


def _digest(message: bytes) -> bytes:
    return blake2b(message, digest_size=16).digest()
