"""How long builds took before, in memory: read from their records again and again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, Protocol

from pyxie.builds.durations import Pace, System, paces, system_of
from pyxie.builds.life import Build
from pyxie.store.pools import StoreError

log = logging.getLogger(__name__)

_MOST: Final = 200
"""Builds that are looked at, the newest."""


class Records(Protocol):
    """What is asked of `pyxie.builds.records.BuildRecords`."""

    async def durations(self, most: int) -> list[tuple[str, str, float]]:
        """Return of the newest installed builds the type, the machine's file, and the seconds."""
        ...


class Paces:
    """Tells how long a build may take.

    Args:
        records: Where builds are.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: Mapping[System, Pace] = {}

    async def refresh(self) -> None:
        """Read them again; if they cannot be read, what was known stays."""
        try:
            took = await self._records.durations(_MOST)
        except StoreError as exc:
            log.debug("how long builds took cannot be read: %s", exc)
            return
        self._known = paces(
            (system_of(build_type, definition), seconds) for build_type, definition, seconds in took
        )

    @property
    def is_any(self) -> bool:
        """Whether any build is known to have come to its end."""
        return bool(self._known)

    def of(self, build: Build) -> Pace | None:
        """Return how long builds of the same system took; None if none is known."""
        if not self._known:
            return None
        return self._known.get(system_of(build.build_type, build.definition))
