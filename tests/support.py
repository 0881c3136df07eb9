"""What the tests of several packages share: a clock that is told, and waiting for a condition."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class SetClock:
    """The computer's clock: it goes on as time passes, and somebody sets it.

    Args:
        passing: How time passes.
    """

    def __init__(self, passing: Clock) -> None:
        self._passing = passing
        self.set_by = 0.0

    def __call__(self) -> float:
        return self._passing() + self.set_by


class Passing:
    """The running event loop's time: it passes as always, and more of it where it is told so.

    A busy host cannot be too late for it, as it can be for a limit that is made short and slept
    for. What waits in the loop by its own clock (``asyncio.timeout``) hears of it, too.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        usual, self._more = loop.time, 0.0
        loop.time = lambda: usual() + self._more  # type: ignore[method-assign]

    async def on(self, seconds: float) -> None:
        """Let ``seconds`` pass, and what is due then be done."""
        self._more += seconds
        for _ in range(3):  # a turn that finds what is due, what that calls soon, and its end
            await asyncio.sleep(0)


class Hung:
    """A file system that does not answer until it is mended.

    Attributes:
        asked: How often something was read.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._mended = threading.Event()

    def read(self, *_of: object) -> str:
        """Wait, as a call to the kernel does."""
        self.asked += 1
        self._mended.wait(60)
        return "read"

    def mend(self) -> None:
        """Let all go on."""
        self._mended.set()


@contextmanager
def hung() -> Iterator[Hung]:
    """Give a file system that hangs, and is mended at the end whatever the test did."""
    found = Hung()
    try:
        yield found
    finally:
        found.mend()


YEARS = 40 * 366 * 86_400.0
A_DAY_BACK = -86_400.0
_AT_ONCE = 2.0
"""Seconds that one look at a condition counts for, at most."""


async def eventually(condition: Callable[[], T | None], *, seconds: float = 60.0) -> T:
    """Return what ``condition`` returns once that is true; the loop runs meanwhile."""
    waited, last = 0.0, time.monotonic()
    while not (found := condition()):
        if waited > seconds:
            raise TimeoutError(f"waited {seconds:g} s")
        await asyncio.sleep(0.005)
        now = time.monotonic()
        # Whoever was stopped meanwhile, with all that it waits for, did not wait.
        waited, last = waited + min(now - last, _AT_ONCE), now
    return found


def until(condition: Callable[[], T | None], what: str, *, seconds: float = 60.0) -> T:
    """Return what ``condition`` returns once that is true, where there is no loop."""
    waited, last = 0.0, time.monotonic()
    while not (found := condition()):
        assert waited <= seconds, f"waited {seconds:g} s for {what}"
        time.sleep(0.01)
        now = time.monotonic()
        waited, last = waited + min(now - last, _AT_ONCE), now
    return found
