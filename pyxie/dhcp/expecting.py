"""Has looked up what machines in build mode will be answered by, at rest, before they ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from pyxie.dhcp.prompt import Prompt

_GATHER: Final = 0.3
"""Seconds after a change: a thousand builds begin in a row."""
_SLICE: Final = 0.0005
"""Seconds of work in one turn of the event loop: who asks meanwhile waits no longer,"""
_PAUSE: Final = 0.004
"""and as many in which others have theirs."""


class Expecting:
    """Does it; for the event loop.

    Args:
        prompt: What answers.
        interfaces: The present ones.
    """

    def __init__(self, prompt: Prompt, interfaces: Callable[[], object]) -> None:
        self._prompt = prompt
        self._interfaces = interfaces
        self._stale = asyncio.Event()

    def changed(self) -> None:
        """Note that machines, builds or settings may be others; cheap."""
        self._stale.set()

    async def keep(self) -> None:
        """Look all up, now and after changes, until cancelled."""
        self._stale.set()
        while True:
            await self._stale.wait()
            self._stale.clear()
            await asyncio.sleep(_GATHER)
            until = time.perf_counter() + _SLICE
            for _ in self._prompt.expect(self._interfaces):
                if time.perf_counter() > until:
                    await asyncio.sleep(_PAUSE)
                    until = time.perf_counter() + _SLICE
