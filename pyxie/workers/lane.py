"""The workers of one kind of asker, and what waits for them: in turn, and within time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pyxie.bounds import (
    RENDER_CPU,
    RENDER_MEMORY,
    RENDER_PROCESSES,
    RENDER_TIME,
    RENDER_WAITING,
)
from pyxie.config.settings import Settings
from pyxie.errors import BusyError, ExhaustedError
from pyxie.metrics import Metrics
from pyxie.render.uses import Uses
from pyxie.service import end_all
from pyxie.threads import Pool
from pyxie.workers.child import Child, Forks, NotStartedError
from pyxie.workers.frames import FrameError
from pyxie.workers.jobs import Job
from pyxie.workers.made import Made
from pyxie.workers.turns import Turns

log = logging.getLogger(__name__)

_SHARE: Final = 16
"""Jobs of one machine that wait."""
_SHORT: Final = 0.1
"""Seconds that a job may take before another worker is started for those that wait; a new one
reads all templates anew."""
_LONG: Final = 0.1
"""Seconds that a job may wait before another worker is started at once: a hall boots, and between
two jobs of one worker the event loop has all its other work."""


class Lane(StrEnum):
    """Whom a worker works for: none of them waits for another's."""

    BOOT = "boot"
    MANAGEMENT = "management"
    HOOKS = "hooks"
    REST = "rest"
    """Nobody: what is done while there is nothing else to do. What is stopped is told to nobody,
    and not remembered: it may have had too little of the processor."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many workers a lane has.

    Attributes:
        ready: That are kept ready.
        most: At most.
        idle: Seconds after which there are no more than are kept ready, and none at all if nothing
            is asked for: each has 4 MB of its own, and is there in 0.1 s. A machine that waits asks
            sooner.
    """

    ready: int
    most: int
    idle: float = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that somebody waits for.

    Attributes:
        job: What is to be done.
        settings: Those of when it was asked.
        message: The job, as it is sent.
        made: What comes of it.
        since: When it was asked for, in monotonic seconds.
    """

    job: Job
    settings: Settings
    message: bytes
    made: asyncio.Future[Made]
    since: float


Stopped = Callable[[Asked, ExhaustedError, Uses], None]
"""Is told of a job, how it was stopped, and of which files it was made."""


class Workers:
    """The workers of one lane, and what waits for them.

    Args:
        lane: Whose they are.
        size: How many there are.
        forks: Starts them.
        settings: Those of now, by which they get ready.
        metrics: Counters.
        stopped: Is told of what took more than it may.
    """

    def __init__(
        self,
        lane: Lane,
        size: Size,
        forks: Forks,
        settings: Callable[[], Settings],
        metrics: Metrics,
        stopped: Stopped,
    ) -> None:
        self._lane = lane
        self._size = size
        self._forks = forks
        self._settings = settings
        self._metrics = metrics
        self._stopped = stopped
        self._turns: Turns[Asked] = Turns(RENDER_WAITING.whole, _SHARE)
        self._idle: list[Child] = []
        self._busy: set[asyncio.Task[None]] = set()
        self._began = self._waited = self._used = 0.0
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}
        self._closed = False
        self._reading = Pool("rendered texts")

    async def run(self, job: Job, settings: Settings, message: bytes) -> Made:
        """Have a job done.

        Raises:
            ExhaustedError: It took too long, or ended the worker.
            BusyError: Too many wait, or no worker can be started.
        """
        made: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        try:
            self._turns.put(job.whose, Asked(job, settings, message, made, time.monotonic()))
        except BusyError:
            RENDER_WAITING.reached()
            raise
        self._begin()
        return await made

    def keep_ready(self) -> None:
        """Start the workers that are to be there before they are needed."""
        self._used = asyncio.get_running_loop().time()
        self._later(self._size.idle, self._rest)
        with suppress(OSError):
            while len(self._idle) + len(self._busy) < self._size.ready:
                self._idle.insert(0, Child(self._forks, self._settings(), self._reading))

    async def close(self) -> None:
        """End all workers, and all that waits."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        while (asked := self._turns.take()) is not None:
            self._turns.done(asked.job.whose)
            asked.made.cancel()
        await end_all(self._busy)
        for worker in self._idle:
            worker.end()
        self._idle.clear()

    def _begin(self) -> None:
        """Begin what can be begun."""
        while self._has_room():
            asked = self._turns.take()
            if asked is None:
                return
            if asked.made.done():  # nobody waits for it any more
                self._turns.done(asked.job.whose)
                continue
            try:
                worker = self._worker()
            except OSError as exc:
                self._turns.done(asked.job.whose)
                _tell(asked, _none_started(asked, exc))
                continue
            self._began = time.monotonic()
            self._waited = self._began - asked.since
            task = asyncio.create_task(self._do(worker, asked), name=f"render {asked.job.what}")
            self._busy.add(task)
            task.add_done_callback(self._ended)

    def _has_room(self) -> bool:
        """Tell whether there is a worker for one job more, or one may be started now."""
        if self._idle or len(self._busy) < self._size.ready:
            return True
        if len(self._busy) >= self._size.most or not len(self._turns):
            return False
        wait = self._began + _SHORT - time.monotonic()
        if self._busy and wait > 0 and self._waited <= _LONG:
            self._later(wait, self._begin)
            return False
        return True

    def _worker(self) -> Child:
        """Return a worker that is there: the one that worked last, whose memory is warm."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_there:
                return worker
            worker.end()
        return Child(self._forks, self._settings(), self._reading)

    async def _do(self, worker: Child, asked: Asked) -> None:
        began, last = time.perf_counter(), True
        try:
            made = await worker.ask(asked.settings, asked.message)
            last = made.last
            self._look(asked, made)
            _tell(asked, made)
        except TimeoutError:
            RENDER_TIME.reached()
            self._stop(asked, f"took over {RENDER_TIME.most:g} s, and was ended")
        except NotStartedError as exc:
            _tell(asked, _none_started(asked, exc))
        except (OSError, EOFError, FrameError) as exc:
            # Ended by the kernel, where the host has no memory left; or by what it rendered.
            said = f": it {exc}" if isinstance(exc, FrameError) else ""
            self._stop(asked, f"the process that rendered it has died{said}")
        finally:
            self._metrics.render_seconds.labels(self._lane).observe(time.perf_counter() - began)
            asked.made.cancel()  # if nothing was told
            self._turns.done(asked.job.whose)
            if last:
                worker.end()
            else:
                self._idle.append(worker)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if self._closed:
            return
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("a bug, while having something rendered", exc_info=bug)
        self.keep_ready()
        self._begin()
        if len(self._idle) > self._size.ready:
            self._later(self._size.idle, self._thin)

    def _look(self, asked: Asked, made: Made) -> None:
        """Note what took more than it may."""
        error = made.error.error() if made.error is not None else None
        if self._lane is Lane.REST:
            return
        if isinstance(error, ExhaustedError):
            if "memory" in error.problem:
                RENDER_MEMORY.reached()
            else:
                RENDER_CPU.reached()
            self._metrics.render_stopped.labels(self._lane, "exhausted").inc()
            self._stopped(asked, error, made.uses)

    def _stop(self, asked: Asked, why: str) -> None:
        error = ExhaustedError(asked.job.what, 0, why)
        if self._lane is not Lane.REST:
            self._metrics.render_stopped.labels(self._lane, "killed").inc()
            self._stopped(asked, error, Uses())
        _tell(asked, error)

    def _thin(self) -> None:
        """End the workers that were needed for a while."""
        while len(self._idle) > self._size.ready:
            self._idle.pop(0).end()

    def _rest(self) -> None:
        """End all workers, unless one was needed meanwhile."""
        left = self._used + self._size.idle - asyncio.get_running_loop().time()
        if self._busy or left > 0:
            self._later(self._size.idle if self._busy else left, self._rest)
            return
        while self._idle:
            self._idle.pop().end()

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        if what in self._timers:
            return

        def now() -> None:
            del self._timers[what]
            what()

        self._timers[what] = asyncio.get_running_loop().call_later(seconds, now)


def _none_started(asked: Asked, exc: OSError) -> BusyError:
    RENDER_PROCESSES.reached()
    return BusyError(asked.job.what, f"no process to render it can be started: {exc}")


def _tell(asked: Asked, found: Made | Exception) -> None:
    if asked.made.done():
        return
    if isinstance(found, Made):
        asked.made.set_result(found)
    else:
        asked.made.set_exception(found)
