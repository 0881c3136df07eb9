"""Threads for what would hold the event loop, each kind of work with some of its own.

asyncio's own pool is one for all: a hung file system, or a slow template, would take its last
thread from everybody, and a stop would wait for it. Here a kind of work can use up its own
threads and nobody else's, what waits for one is bounded in number and time, and nothing at the
end waits for a thread that will never return.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from pyxie.bounds import MANAGEMENT_WAITING, THREADS, THREADS_PATIENCE, THREADS_WAITING, Bound
from pyxie.errors import BusyError
from pyxie.writers import Writers, give_way

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_IDLE: Final = 10.0
"""Seconds that a thread waits for more work before it ends."""


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
        self._changed = threading.Condition()
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = self._in_hand = 0
        self.writers = Writers(name, patience=patience)

    async def run(self, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        """Return what ``work`` returns, called in a thread; raises what it raises.

        Raises:
            BusyError: It has not been done in time, or so much waits that it was not begun.
        """
        done = self._begin(partial(work, *args))
        try:
            async with asyncio.timeout(self._patience) as waiting:
                return await asyncio.wrap_future(done)
        except TimeoutError:
            if not waiting.expired():
                raise
            THREADS_PATIENCE.reached()
            why = f"no answer within {self._patience:g} s; does its file system hang?"
            raise BusyError(self._name, why) from None

    def _begin(self, work: Callable[[], T]) -> Future[T]:
        done: Future[T] = Future()
        with self._changed:
            if self._in_hand >= self._most + self._waiting.whole:
                self._waiting.reached()
                raise BusyError(self._name, f"{self._in_hand} are in hand already; try again")
            self._in_hand += 1
            self._jobs.append((done, work))
            if self._in_hand <= self._threads:
                self._changed.notify()
            elif self._threads < self._most:
                self._start()
            else:
                THREADS.reached()
        return done

    def _start(self) -> None:
        # A daemon: the process ends although it hangs.
        thread = threading.Thread(target=self._serve, name=f"pyxie {self._name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as exc:  # the host gives no more
            if self._threads:
                self._changed.notify()  # one of those does it
                return
            self._jobs.pop()
            self._in_hand -= 1
            raise BusyError(self._name, f"no thread for it: {exc}") from exc
        self._threads += 1

    def _serve(self) -> None:
        give_way()
        while job := self._next():
            done, work = job
            tell: Callable[[], None] | None = None
            if done.set_running_or_notify_cancel():
                try:
                    tell = partial(done.set_result, work())
                except BaseException as exc:  # noqa: BLE001 - for who waits
                    tell = partial(done.set_exception, exc)
            with self._changed:
                self._in_hand -= 1
            if tell is not None:
                tell()
            del job, done, work, tell  # and what they hold, until there is more

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._changed:
            while not self._jobs:
                if not self._changed.wait(_IDLE) and not self._jobs:
                    self._threads -= 1
                    return None
            return self._jobs.popleft()


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
