"""What machines were given for their builds, on its way to the records: some at a time.

A hall fetches two files a machine, and soon after comes what stores a build as a whole. To store
each file as it was given cost a tenth of the rate at which they are given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build

GATHER: Final = 1.0
"""Seconds, from the first that waits."""


class Gathering:
    """Keeps builds that have changed in this alone; for the event loop.

    Args:
        index: The newest of each machine.
        store: Has one stored, after all before it; never waits.
    """

    def __init__(self, index: BuildIndex, store: Callable[[Build], object]) -> None:
        self._index = index
        self._store = store
        self._waiting: dict[str, Build] = {}
        self._timer: asyncio.TimerHandle | None = None

    def put(self, build: Build) -> None:
        """Have a build stored soon; it is in the index as it is."""
        self._waiting[build.token] = build
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER, self.flush)

    def flush(self) -> None:
        """Have those stored that wait, but for what is on its way with another change."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, {}
        for build in waiting.values():
            newest = self._index.of(build.host)
            if newest is None or newest is build or newest.token != build.token:
                self._store(build)

    def __len__(self) -> int:
        return len(self._waiting)
