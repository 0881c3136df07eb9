"""What happened to builds, on its way to the store: in order, and kept while the disk is full."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from pyxie.builds.records import Change, Store
from pyxie.store.database import StoreError

log = logging.getLogger(__name__)


class Journal:
    """Changes that wait to be stored. Its methods are called one at a time.

    Args:
        store: Where they go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[Change] = deque()
        self.owing = asyncio.Event()
        """Set while something could not be stored."""
        self.indebted: Callable[[], None] = lambda: None
        """Told when hooks are owed, and stored so."""

    def __len__(self) -> int:
        return len(self._waiting)

    async def add(self, change: Change) -> None:
        """Store ``change``, after all before it; where that fails, it waits."""
        self._waiting.append(change)
        await self.settle()

    async def settle(self) -> bool:
        """Store what waits; False if that still cannot be done."""
        try:
            await self.catch_up()
        except StoreError as exc:
            if not self.owing.is_set():
                log.error("state: cannot be written (%s); kept in memory, tried again", exc)  # noqa: TRY400
            self.owing.set()
            return False
        if self.owing.is_set():
            log.warning("state: written again")
        self.owing.clear()
        return True

    async def catch_up(self) -> None:
        """Store what waits, in the order in which it happened.

        Raises:
            StoreError: It cannot be stored; what is left waits on.
        """
        while self._waiting:
            change = self._waiting[0]
            await self._store.save(change)
            self._waiting.popleft()
            if change.owed:
                self.indebted()
