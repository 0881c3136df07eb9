"""The service that looks whether the state can be written, before somebody wants to."""

from __future__ import annotations

import logging
from typing import Final, Self

from pyxie.metrics import Metrics
from pyxie.service import Unbound, next_tick
from pyxie.store.database import Database

log = logging.getLogger(__name__)

_LOOK: Final = 5.0
"""Seconds between looks, each of which writes nothing."""


class StateWatch(Unbound):
    """A `pyxie.service.Service`.

    Args:
        database: Entered before.
        metrics: Counters.
        every: Seconds between looks.
    """

    name = "state watch"

    def __init__(self, database: Database, metrics: Metrics, *, every: float = _LOOK) -> None:
        self._database = database
        self._every = every
        self.problem = ""
        """What is wrong with the state, in a sentence; empty if nothing was at the last look."""
        metrics.state_writable.set_function(lambda: not self.problem)

    async def __aenter__(self) -> Self:
        await self.look()
        return self

    async def serve(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await next_tick(self._every)
            if not self._database.glance(self.problem, self._found):
                await self.look()

    async def look(self) -> None:
        """Look now."""
        self._found(await self._database.look())

    def _found(self, found: str) -> None:
        if found and found != self.problem:
            log.error("state: %s", found)
        elif self.problem and not found:
            log.warning("state: can be written again")
        self.problem = found
