"""What is to be written, on its way to the database: in order, and kept while the disk is full."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from pyxie.store.pools import StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")


class WriteQueue(Generic[T]):
    """What waits to be written. Its methods are called one at a time.

    Args:
        write: Stores one; raises StoreError where it cannot.
        written: Called with each one that is stored.
    """

    def __init__(
        self,
        write: Callable[[T], Awaitable[None]],
        written: Callable[[T], None] = lambda _each: None,
    ) -> None:
        self._write = write
        self._written = written
        self._waiting: deque[T] = deque()
        self.failing = asyncio.Event()
        """Set while something could not be stored."""

    def __len__(self) -> int:
        return len(self._waiting)

    async def add(self, each: T) -> None:
        """Store ``each``, after all before it; where that fails, it waits."""
        self._waiting.append(each)
        await self.settle()

    async def settle(self) -> bool:
        """Store what waits; False if that still cannot be done."""
        try:
            await self.catch_up()
        except StoreError as exc:
            if not self.failing.is_set():
                log.error("state: cannot be written (%s); kept in memory, tried again", exc)  # noqa: TRY400
            self.failing.set()
            return False
        if self.failing.is_set():
            log.warning("state: written again")
        self.failing.clear()
        return True

    async def catch_up(self) -> None:
        """Store what waits, in the order in which it happened.

        Raises:
            StoreError: It cannot be stored; what is left waits on.
        """
        while self._waiting:
            each = self._waiting[0]
            await self._write(each)
            self._waiting.popleft()
            self._written(each)
