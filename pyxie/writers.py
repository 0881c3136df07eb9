"""Threads that write, each to whatever takes something now.

An epoll(7) is the list of what is to be done: a connection that has room is given to one thread,
has its turn, and waits for room again, behind others. The event loop begins a piece of work and is
told of its end, and of nothing in between. There are few threads as long as turns are short, and
more where some hang; see docs/decisions/0097-few-threads-send-files.md.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from pyxie.bounds import THREADS_PATIENCE, WRITERS, WRITING
from pyxie.errors import BusyError
from pyxie.openfile import Descriptor

_IDLE: Final = 10.0
"""Seconds that a thread waits for more work before it ends."""
_LOOK: Final = 15.0
"""Seconds between looks whether a client that takes nothing is still there. The kernel tells of
most that have left; thousands may wait, and each look costs."""
_HANGS: Final = 0.25
"""Seconds from which on a turn counts as one that hangs: another thread has the work that waits."""
_NICE: Final = 5
"""Less than that of processes that render: what threads do is waited for by all."""
_ROOM: Final = select.EPOLLOUT | select.EPOLLONESHOT
"""One thread is told, and no other before it has had its turn."""


@dataclass(slots=True, eq=False)
class _Work:
    """Something that is being written.

    Attributes:
        held: What keeps the connection's number from being another's.
        number: That.
        turn: Writes some of it.
        gone: Tells whether the client has left.
        ended: Told on the event loop why it is over; None if it is done.
        loop: That.
        waits: No thread has it.
        over: Nobody waits for its end any more.
        looking: For the next look at it.
    """

    held: ExitStack
    number: int
    turn: Callable[[int], bool]
    gone: Callable[[], bool]
    ended: Callable[[BaseException | None], None]
    loop: asyncio.AbstractEventLoop
    waits: bool = True
    over: bool = False
    looking: asyncio.TimerHandle | None = None

    def take(self) -> None:
        """Have a thread have it."""
        self.waits = False

    def put_back(self) -> None:
        """Have none have it any more."""
        self.waits = True

    def let_go(self) -> None:
        """Have nobody wait for its end any more."""
        self.over = True
        if self.looking is not None:
            self.looking.cancel()

    def look_later(self, seconds: float, look: Callable[[_Work], None]) -> None:
        """Have it looked at."""
        self.looking = self.loop.call_later(seconds, look, self)


def _few() -> int:
    """Return how many threads are enough where none hangs: more would wait for one another."""
    return len(os.sched_getaffinity(0)) + 1


class Writers:
    """Some threads, made as they are needed; for the event loop alone.

    Args:
        name: What it is that they write, as it may be said of it: ``the folder 'images'``.
        most: Threads, if all hang.
        few: Threads of which none hangs.
        patience: Seconds until who waits is told that a turn takes too long. It goes on, and its
            thread is not free before its end; as of `THREADS_PATIENCE`, if None.
    """

    def __init__(
        self,
        name: str,
        *,
        most: int = WRITERS.whole,
        few: int | None = None,
        patience: float | None = None,
    ) -> None:
        self._name = name
        self._most = most
        self._few = min(most, _few() if few is None else few)
        self._patience = THREADS_PATIENCE.most if patience is None else patience
        self._lock = threading.Lock()
        self._epoll: select.epoll | None = None
        self._works: dict[int, _Work] = {}
        self._turns: dict[_Work, float] = {}
        """Since when a thread is at it."""
        self._threads = 0
        self._hanging: asyncio.TimerHandle | None = None
        """For the next look whether turns hang, while work waits for a thread."""

    async def write(
        self, out: Descriptor, turn: Callable[[int], bool], gone: Callable[[], bool]
    ) -> None:
        """Call ``turn`` in a thread whenever a connection takes something, until it is done.

        Args:
            out: The connection.
            turn: Told its number; returns whether nothing is left. What it raises ends it.
            gone: Tells whether the client has left; asked now and then.

        Raises:
            BusyError: A turn does not end, or so much is written already that it was not begun.
            ConnectionResetError: The client has left.
            OSError: It is closed, or is nothing that takes more at one time than at another.
        """
        ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        stop = self.begin(out, turn, gone, partial(_tell, ended))
        try:
            why = await ended
        finally:
            stop()
        if why is not None:
            raise why

    def begin(
        self,
        out: Descriptor,
        turn: Callable[[int], bool],
        gone: Callable[[], bool],
        ended: Callable[[BaseException | None], None],
    ) -> Callable[[], None]:
        """Begin what `write` does, for who does not wait in a task.

        Args:
            out: As of `write`.
            turn: As of `write`.
            gone: As of `write`.
            ended: Called once, why it is over, or None if it is done.

        Returns:
            Has nothing more be written, or told.

        Raises:
            BusyError: So much is written already that it was not begun.
            OSError: As of `write`.
        """
        held = ExitStack()
        number = held.enter_context(out)
        work = _Work(held, number, turn, gone, ended, asyncio.get_running_loop())
        try:
            self._begin(work)
        except BaseException:
            self._let_go(work)
            raise
        work.look_later(min(self._patience, _LOOK), self._look)
        return partial(self._let_go, work)

    @property
    def is_full(self) -> bool:
        """Whether so much is written that nothing more is begun."""
        return len(self._works) >= WRITING.whole

    def _look(self, work: _Work) -> None:
        since = time.monotonic() - self._patience
        with self._lock:
            slow = [each for each, began in self._turns.items() if began <= since]
        why: Exception | None = None
        if work.gone():
            why = ConnectionResetError()
        elif work in slow or len(slow) >= self._most:
            THREADS_PATIENCE.reached()
            words = f"no answer within {self._patience:g} s; does its file system hang?"
            why = BusyError(self._name, words)
        if why is None:
            work.look_later(min(self._patience, _LOOK), self._look)
        else:
            self._over(work, why)

    def _over(self, work: _Work, why: BaseException | None) -> None:
        """Tell of an end; on the event loop."""
        if not work.over:
            self._let_go(work)
            work.ended(why)

    def _begin(self, work: _Work) -> None:
        with self._lock:
            if len(self._works) >= WRITING.whole:
                WRITING.reached()
                raise BusyError(self._name, f"{len(self._works)} are written already; try again")
            if self._epoll is None:
                self._epoll = select.epoll()
            epoll = self._epoll
            self._works[work.number] = work
            is_one_more = self._is_one_more()
        if is_one_more:
            self._start_thread(epoll)
        if self._hanging is None:
            self._look_for_hanging(work.loop)
        # Calls of the kernel let others have Python's lock: who has `_lock` makes none, or all
        # would wait for both.
        try:
            epoll.register(work.number, _ROOM)
        except FileExistsError:  # of one that had this number
            epoll.modify(work.number, _ROOM)

    def _wanted(self) -> int:
        """Return how many threads there are to be; who calls it has the lock."""
        since = time.monotonic() - _HANGS
        hang = sum(began <= since for began in self._turns.values())
        return min(self._few + hang, self._most, len(self._works))

    def _is_one_more(self) -> bool:
        """Tell whether a thread is to be started, which counts from now on."""
        if self._threads >= self._wanted():
            if self._threads == self._most < len(self._works):
                WRITERS.reached()
            return False
        self._threads += 1
        return True

    def _look_for_hanging(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look now and then, while work waits for a thread, whether that takes one more."""
        with self._lock:
            waits = self._few < self._most and len(self._works) > self._threads
        self._hanging = loop.call_later(_HANGS, self._start_more, loop) if waits else None

    def _start_more(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            epoll, more = self._epoll, 0
            while self._is_one_more():
                more += 1
        if epoll is not None:
            for _ in range(more):
                with suppress(BusyError):  # those that there are do it
                    self._start_thread(epoll)
        self._look_for_hanging(loop)

    def _start_thread(self, epoll: select.epoll) -> None:
        # A daemon: the process ends although it hangs.
        name = f"pyxie writes {self._name}"
        thread = threading.Thread(target=self._serve, args=(epoll,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as exc:  # the host gives no more
            with self._lock:
                self._threads -= 1
                if self._threads:
                    return  # one of those does it
            raise BusyError(self._name, f"no thread for it: {exc}") from exc

    def _let_go(self, work: _Work) -> None:
        """Have nothing more be written."""
        with self._lock:
            work.let_go()
            if not work.waits:
                return
            is_ours = self._forget(work)
        self._part_with(work, is_ours)

    def _forget(self, work: _Work) -> bool:
        """Have it in the list no more; tell whether it was."""
        is_ours = self._works.get(work.number) is work
        if is_ours:
            del self._works[work.number]
        return is_ours

    def _part_with(self, work: _Work, is_ours: bool) -> None:
        if is_ours and self._epoll is not None:
            with suppress(OSError):  # it never was registered
                self._epoll.unregister(work.number)
        work.held.close()

    def _serve(self, epoll: select.epoll) -> None:
        give_way()
        while True:
            ready = epoll.poll(_IDLE, 1)
            if ready:
                self._give_turn(epoll, ready[0][0])
                if self._threads <= self._few:
                    continue
            with self._lock:
                if self._threads > (self._wanted() if ready else len(self._works)):
                    self._threads -= 1
                    return

    def _give_turn(self, epoll: select.epoll, number: int) -> None:
        with self._lock:
            work = self._works.get(number)
            if work is None or not work.waits:  # what was told of it is old
                return
            work.take()
            self._turns[work] = time.monotonic()
        done, why = False, None
        try:
            done = work.turn(number)
        except BaseException as exc:  # noqa: BLE001 - for who waits
            why = exc
        with self._lock:
            del self._turns[work]
            goes_on = not (done or why is not None or work.over)
            if goes_on:
                work.put_back()
            else:  # it stays this thread's, so that its number is nobody else's
                is_ours = self._forget(work)
        if goes_on:
            with suppress(OSError):  # it was let go of meanwhile, and its number closed
                epoll.modify(number, _ROOM)
            return
        self._part_with(work, is_ours)
        if not work.over:
            with suppress(RuntimeError):  # the event loop is closed
                work.loop.call_soon_threadsafe(self._over, work, why)


def _tell(ended: asyncio.Future[BaseException | None], why: BaseException | None) -> None:
    if not ended.done():
        ended.set_result(why)


def give_way() -> None:
    """Have this thread come after the event loop's, where processors are scarce: sched(7)."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice + _NICE)
