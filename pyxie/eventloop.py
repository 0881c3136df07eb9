"""The event loop: asyncio's, which looks for DHCP between the callbacks of a turn.

asyncio calls back all that was ready before it looks again. With hundreds of transfers that is a
turn of a quarter of a second, for which an offer waits that takes a fraction of a millisecond. Here
a turn goes on as everywhere, in the same order, but in pieces of some milliseconds: before each of
them the kernel is asked for what cannot wait, which is called first.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

PIECE: Final = 0.003
"""Seconds that a piece of a turn is to take."""
FEWEST: Final = 2
"""Callbacks in one, however long they take."""
MOST: Final = 1024


class Loop(asyncio.SelectorEventLoop):
    """The event loop.

    Args:
        clock: Seconds, monotonic; to time the pieces of a turn.
    """

    # asyncio's own names for the callbacks that wait, and for what wakes the loop.
    _ready: deque[asyncio.Handle]
    _ssock: socket.socket

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        ready = Ready()
        self._files = Selector(ready, clock)
        self._is_woken = False
        """Somebody has, and the loop has not heard of it yet."""
        super().__init__(self._files)
        self._ready = ready

    def first(self, number: int) -> None:
        """Have a file's reader called before all others, until the file is closed.

        Args:
            number: Of an open file.
        """
        self._files.first(number)

    def _write_to_self(self) -> None:
        """Wake the loop; many threads do, and one of them is enough."""
        if not self._is_woken:
            self._is_woken = True
            super()._write_to_self()  # type: ignore[misc]  # asyncio's own, as above

    def _read_from_self(self) -> None:
        """Hear that somebody has woken the loop, or which signals have come.

        asyncio reads until there is nothing more, which costs a call and an exception; if there is
        more the kernel tells of it again.
        """
        with suppress(BlockingIOError, InterruptedError):
            self._process_self_data(self._ssock.recv(4096))  # type: ignore[attr-defined]
        # In this order: whoever saw it set had given the loop before what it is to call.
        self._is_woken = False


class Ready(deque[asyncio.Handle]):
    """Callbacks that wait: a loop asks how many there are, and calls so many from the left.

    Attributes:
        left: How many have not been called of those that were ready when the turn began.
        most: How many are called in a piece of it.
        called: How many are called in this one.
        urgent: Of those that the loop adds next: how many, the first ones, come before all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left = self.called = self.urgent = self._had = 0
        self.most = MOST

    def __bool__(self) -> bool:
        """Whether there is any."""
        return super().__len__() > 0

    def __len__(self) -> int:
        """How many are to be called before the kernel is asked again."""
        whole = super().__len__()
        before = min(self.urgent, whole - self._had)
        for at in range(self._had, self._had + before):
            urgent = self[at]
            del self[at]
            self.appendleft(urgent)
        self.left = self.left + before if self.left else whole
        self.called = min(self.left, self.most + before)
        self.left -= self.called
        self.urgent = 0
        return self.called

    def note(self, urgent: int) -> None:
        """Note where it ends before the loop adds what is ready, and how much of that is urgent."""
        self._had = super().__len__()
        self.urgent = urgent

    def fit(self, took: float) -> None:
        """Have as many called in the next piece as the last says that there is time for.

        Args:
            took: Seconds that the last piece took.
        """
        if took > PIECE:
            self.most = max(FEWEST, self.most // 4, int(self.called * PIECE / took))
        elif self.called >= self.most:
            self.most = min(MOST, 2 * self.most)


class Selector(selectors.EpollSelector):
    """Tells a loop what is ready: when a turn begins all, within one what cannot wait.

    Args:
        ready: The loop's callbacks.
        clock: Seconds, monotonic.
    """

    def __init__(self, ready: Ready, clock: Callable[[], float]) -> None:
        super().__init__()
        self._callbacks = ready
        self._clock = clock
        # The kernel forgets those that are closed: epoll(7).
        self._urgent = select.epoll()
        self._since = clock()

    def first(self, number: int) -> None:
        """Have an open file come first."""
        self._urgent.register(number, select.EPOLLIN)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready."""
        callbacks = self._callbacks
        callbacks.fit(self._clock() - self._since)
        if callbacks.left:
            found = urgent = self._come_first()
        else:
            found = super().select(timeout)
            urgent = self._come_first() if callbacks or len(found) > FEWEST else []
            if urgent:
                numbers = {key.fd for key, _ in urgent}
                found = [*urgent, *(each for each in found if each[0].fd not in numbers)]
        callbacks.note(len(urgent))
        self._since = self._clock()
        return found

    def close(self) -> None:
        """Give back what the kernel is asked by."""
        self._urgent.close()
        super().close()

    def _come_first(self) -> list[tuple[selectors.SelectorKey, int]]:
        keys = self.get_map()
        found = [keys[number] for number, _ in self._urgent.poll(0) if number in keys]
        reads = selectors.EVENT_READ
        return [(key, reads) for key in found if key.events & reads]


def first(number: int) -> None:
    """Have a file's reader called first by the running loop, if that is such a one."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, Loop):
        loop.first(number)
