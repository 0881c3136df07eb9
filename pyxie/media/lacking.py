"""Media that machines are to boot of, and cannot: not there, broken, or not confirmed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from pyxie.errors import BusyError, NotServedError, Problem
from pyxie.media.bootedof import Named, named
from pyxie.media.extents import File
from pyxie.media.shelf import Shelf, State
from pyxie.registry.registry import Registry
from pyxie.service import Unbound, next_tick
from pyxie.threads import Pool

log = logging.getLogger(__name__)

_EVERY: Final = 5.0
"""Seconds between looks."""


class Lacking(Unbound):
    """A `pyxie.service.Service` that tells of them, in the log too, each once.

    Args:
        registry: The machines of now.
        shelf: The media.
        pool: Threads for going through all machines.
    """

    name = "media that are named"

    def __init__(self, registry: Callable[[], Registry], shelf: Shelf, pool: Pool) -> None:
        self._registry = registry
        self._shelf = shelf
        self._pool = pool
        self._of: Registry | None = None
        self._named: list[Named] = []
        self._turn = asyncio.Lock()

    async def serve(self) -> None:
        """Look again and again, until cancelled."""
        told: set[Problem] = set()
        while True:
            there_are = await self.problems()
            for problem in there_are:
                if problem not in told:
                    log.warning("%s", problem)
            told = set(there_are)
            await next_tick(_EVERY)

    async def problems(self) -> list[Problem]:
        """Return what is named and cannot be booted, with its places; sorted."""
        if not self._shelf.has_looked:
            return []
        async with self._turn:
            registry = self._registry()
            if registry is not self._of:
                try:
                    self._named = await self._pool.run(named, registry)
                except BusyError:
                    return []  # as if it had not looked yet
                self._of = registry
        pairs = ((each, self._why(each)) for each in self._named)
        return sorted(each.place.problem(f"{each}: {why}") for each, why in pairs if why)

    def _why(self, wanted: Named) -> str:
        """Return why a file cannot be booted; empty if it can, or is being looked at."""
        try:
            lying, found = self._shelf.find(wanted.medium, wanted.file)
        except NotServedError as exc:
            return "" if self._shelf.state(wanted.medium) is State.LOOKING else exc.why
        return "" if isinstance(found, File) else f"is a folder of {lying.path.name}"
