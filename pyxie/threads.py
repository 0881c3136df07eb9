"""Threads for what would hold the event loop, each kind of work with some of its own.

asyncio's own pool is one for all: a hung file system, or a slow template, would take its last
thread from everybody, and a stop would wait for it. Here a kind of work can use up its own
threads and nobody else's, what waits for one is bounded in number and time, and nothing at the
end waits for a thread that will never return.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, TypeVarTuple, Unpack

from pyxie.bounds import MANAGEMENT_WAITING, THREADS, THREADS_PATIENCE, THREADS_WAITING, Bound
from pyxie.errors import BusyError
from pyxie.writers import Writers, give_way

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ENDLESS: Final = float("inf")
"""Seconds of patience of those who are told otherwise that something takes too long."""
_IDLE: Final = 10.0
"""Seconds that a thread waits for more work before it ends."""

Ended: TypeAlias = Callable[[Any, BaseException | None], None]
"""Told on the event loop what came of a piece of work: what it has returned, or raised."""


class _Job(NamedTuple):
    """A piece of work.

    Attributes:
        work: Called in a thread.
        loop: Whose it is.
        ended: Told of its end, there, unless it is None.
        is_left: Asked in the thread whether nobody wants it any more; then it is not begun.
    """

    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    ended: Ended | None
    is_left: Callable[[], bool]


class Pool:
    """Some threads of one kind of work, made as they are needed; for the event loop alone.

    Args:
        name: What it is that they do, as it may be said of it: ``images``.
        most: Threads.
        waiting: How much may wait for one.
        patience: Seconds until who waits is told that it takes too long. The work goes on, and
            its thread is not free before it is done; as of `THREADS_PATIENCE`, if None.

    Attributes:
        writers: Threads beside these, that send what these have opened.
    """

    def __init__(
        self,
        name: str,
        *,
        most: int = THREADS.whole,
        waiting: Bound = THREADS_WAITING,
        patience: float | None = None,
    ) -> None:
        self._name = name
        self._most = most
        self._waiting = waiting
        self._patience = THREADS_PATIENCE.most if patience is None else patience
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._threads = self._in_hand = 0
        self.writers = Writers(name, patience=patience)

    async def run(self, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        """Return what ``work`` returns, called in a thread; raises what it raises.

        Raises:
            BusyError: It has not been done in time, or so much waits that it was not begun.
        """
        over: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.begin(partial(work, *args), partial(tell, over), over.done)
        if self._patience == ENDLESS:
            return await over
        try:
            async with asyncio.timeout(self._patience) as waiting:
                return await over
        except TimeoutError:
            if not waiting.expired():
                raise
            THREADS_PATIENCE.reached()
            why = f"no answer within {self._patience:g} s; does its file system hang?"
            raise BusyError(self._name, why) from None

    def begin(
        self,
        work: Callable[[], Any],
        ended: Ended | None = None,
        is_left: Callable[[], bool] = lambda: False,
    ) -> None:
        """Have something done; returns at once.

        Args:
            work: Called in a thread.
            ended: Told of its end, on the event loop that is running now; if None, that is not
                woken.
            is_left: Asked in the thread whether nobody wants it any more; then it is not begun.

        Raises:
            BusyError: So much waits that it is not begun.
        """
        job = _Job(work, asyncio.get_running_loop(), ended, is_left)
        with self._lock:
            if self._in_hand >= self._most + self._waiting.whole:
                self._waiting.reached()
                raise BusyError(self._name, f"{self._in_hand} are in hand already; try again")
            if self._in_hand >= self._threads:
                if self._threads < self._most:
                    self._start()
                else:
                    THREADS.reached()
            self._in_hand += 1
            self._jobs.put(job)

    def _start(self) -> None:
        # A daemon: the process ends although it hangs.
        thread = threading.Thread(target=self._serve, name=f"pyxie {self._name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as exc:  # the host gives no more
            if self._threads:
                return  # one of those does it
            raise BusyError(self._name, f"no thread for it: {exc}") from exc
        self._threads += 1

    def _serve(self) -> None:
        give_way()
        while job := self._next():
            result = error = None
            is_begun = not job.is_left()
            if is_begun:
                try:
                    result = job.work()
                except BaseException as exc:  # noqa: BLE001 - for who waits
                    error = exc
            with self._lock:
                self._in_hand -= 1
            if is_begun and job.ended is not None:
                with suppress(RuntimeError):  # the loop is closed: nobody waits
                    job.loop.call_soon_threadsafe(job.ended, result, error)
            del job, result, error  # and what they hold, until there is more

    def _next(self) -> _Job | None:
        while True:
            with suppress(Empty):
                return self._jobs.get(timeout=_IDLE)
            with self._lock:
                if self._jobs.empty():
                    self._threads -= 1
                    return None


def tell(over: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    """Tell who waits for a piece of work what came of it, if somebody does; as `Ended`."""
    if over.done():
        return
    if error is None:
        over.set_result(result)
    else:
        over.set_exception(error)


@dataclass(frozen=True, slots=True)
class Pools:
    """Those of what is asked for over HTTP: nobody else's boot waits for one of them.

    Attributes:
        pages: The API's documents, which are open to all.
        management: What people and programs ask for.
        loaders: The folder ``ipxe``, by TFTP too.
        images: The folder ``images``.
        files: The folder ``staticspath``.
        media: The folder ``isos``.
        screens: Those of the page that people have open, one at a time.
        disks: How much is free on each.
    """

    pages: Pool = field(default_factory=lambda: Pool("the API's documents"))
    management: Pool = field(default_factory=lambda: Pool("management", waiting=MANAGEMENT_WAITING))
    loaders: Pool = field(default_factory=lambda: Pool("the folder 'ipxe'"))
    images: Pool = field(default_factory=lambda: Pool("the folder 'images'"))
    files: Pool = field(default_factory=lambda: Pool("the folder 'staticspath'"))
    media: Pool = field(default_factory=lambda: Pool("the folder 'isos'"))
    screens: Pool = field(default_factory=lambda: Pool("the screens that are open", most=1))
    disks: Pool = field(default_factory=lambda: Pool("the disks", patience=2.0))
