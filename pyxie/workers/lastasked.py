"""For which machine a verdict was asked last by a build: its neighbours may be next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pyxie.clock import steady

_FOR: Final = 0.5
"""Seconds for which somebody who asks for one build after the other is taken to go on."""


class LastAsked:
    """It, for a moment; for the event loop.

    Args:
        clock: Seconds, steady.
    """

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        self._clock = clock
        self._host = ""
        self._at = float("-inf")
        self._some = asyncio.Event()

    def note(self, host: str) -> None:
        """Note that a build of a machine asks."""
        self._host, self._at = host, self._clock()
        self._some.set()

    def lately(self) -> str:
        """Return the machine, if that was a moment ago; else an empty name."""
        return self._host if self._clock() - self._at < _FOR else ""

    async def wait(self, most: float) -> None:
        """Wait until there is another, for so many seconds at most."""
        self._some.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                await self._some.wait()
