"""What a `pyxie.tftp.driver.Driver` is called by: asyncio's event loop, or this one in its place.

A process that has nothing to do but transfers needs no tasks, and of asyncio's turn a wake-up pays
several times what epoll_wait(2) takes.
"""

from __future__ import annotations

import heapq
import itertools
import select
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

_MOST: Final = 64
"""Files that are told of by one call."""


class Timer(Protocol):
    """What is to be called at its time."""

    def when(self) -> float:
        """Return that time."""
        ...

    def cancel(self) -> None:
        """Have it not be called."""
        ...


class Loop(Protocol):
    """As much of `asyncio.AbstractEventLoop` as is needed."""

    def time(self) -> float:
        """Return seconds of a steady clock."""
        ...

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Timer:
        """Have something called at a time."""
        ...

    def add_reader(self, fd: int, callback: Callable[..., object], *args: Any) -> object:
        """Have something called whenever there is something to be read."""
        ...

    def remove_reader(self, fd: int) -> object:
        """Have it not be called any more."""
        ...

    def add_writer(self, fd: int, callback: Callable[..., object], *args: Any) -> object:
        """Have something called whenever there is room."""
        ...

    def remove_writer(self, fd: int) -> object:
        """Have it not be called any more."""
        ...


class _Later:
    """A callback for its time."""

    __slots__ = ("_when", "callback")

    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self._when = when
        self.callback: Callable[[], object] | None = callback

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self.callback = None


class PollLoop:
    """A `Loop` that is turned by hand, until there is nothing to turn it for."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], object]] = {}
        self._writers: dict[int, Callable[[], object]] = {}
        self._timers: list[tuple[float, int, _Later]] = []
        self._order = itertools.count()
        self.time = time.monotonic

    def turn(self) -> None:
        """Wait until there is something to do, and do it."""
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heapq.heappop(timers)
        left = timers[0][0] - self.time() if timers else None
        ready = self._epoll.poll(0.0 if left is not None and left < 0.0 else left, _MOST)
        for number, what in ready:
            # An error is told to both, as asyncio does it.
            if what & ~select.EPOLLOUT and (read := self._readers.get(number)) is not None:
                read()
            if what & ~select.EPOLLIN and (write := self._writers.get(number)) is not None:
                write()
        now = self.time()
        while timers and timers[0][0] <= now:
            _, _, later = heapq.heappop(timers)
            if later.callback is not None:
                later.callback()

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> _Later:
        """Have something called at a time."""
        later = _Later(when, lambda: callback(*args))
        heapq.heappush(self._timers, (when, next(self._order), later))
        return later

    def add_reader(self, fd: int, callback: Callable[..., object], *args: Any) -> None:
        """Have something called whenever there is something to be read."""
        self._set(self._readers, fd, partial(callback, *args))

    def remove_reader(self, fd: int) -> None:
        """Have it not be called any more."""
        self._set(self._readers, fd, None)

    def add_writer(self, fd: int, callback: Callable[..., object], *args: Any) -> None:
        """Have something called whenever there is room."""
        self._set(self._writers, fd, partial(callback, *args))

    def remove_writer(self, fd: int) -> None:
        """Have it not be called any more."""
        self._set(self._writers, fd, None)

    def close(self) -> None:
        """Give back what the kernel is asked by."""
        self._epoll.close()

    def _set(
        self,
        what: dict[int, Callable[[], object]],
        fd: int,
        callback: Callable[[], object] | None,
    ) -> None:
        before = self._events(fd)
        if callback is None:
            what.pop(fd, None)
        else:
            what[fd] = callback
        events = self._events(fd)
        if events == before:
            return
        if not before:
            self._epoll.register(fd, events)
        elif events:
            self._epoll.modify(fd, events)
        else:
            self._epoll.unregister(fd)

    def _events(self, fd: int) -> int:
        reads = select.EPOLLIN if fd in self._readers else 0
        return reads | (select.EPOLLOUT if fd in self._writers else 0)
