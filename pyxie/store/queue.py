"""What is to be written, on its way to the database: in order, and kept while that cannot be done.

Who has something written waits a moment for it. Where the database is held by another program, or
full, or away, nobody waits in line: what happened stays in memory, is told of, and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final, Generic, TypeVar

from pyxie.bounds import STORE_PATIENCE
from pyxie.store.pools import StoreError, UnfitError

log = logging.getLogger(__name__)

T = TypeVar("T")

_RETRY: Final = 5.0
_BATCH: Final = 100
"""At most so many are one transaction, which another writer waits for."""
_LAST: Final = 5.0
"""Seconds that the end waits for what is left to be written."""


class WriteQueue(Generic[T]):
    """What waits to be written, several in one transaction.

    Args:
        what: What it is, for the log.
        write: Stores some, all or none; raises StoreError where it cannot.
        written: Called with each one that is stored.
    """

    def __init__(
        self,
        what: str,
        write: Callable[[Sequence[T]], Awaitable[None]],
        written: Callable[[T], None] = lambda _each: None,
    ) -> None:
        self._what = what
        self._write = write
        self._written = written
        self._waiting: deque[tuple[T, asyncio.Future[None]]] = deque()
        self._one = asyncio.Lock()
        self._writer: asyncio.Task[bool] | None = None
        self._failing = asyncio.Event()
        self._failures = 0
        self._failed: asyncio.Future[None] | None = None
        self.problem = ""
        """Why something could not be stored; empty once it is."""

    def __len__(self) -> int:
        return len(self._waiting)

    def waiting(self) -> list[T]:
        """Return what is not stored yet."""
        return [each for each, _ in self._waiting]

    def put(self, each: T) -> asyncio.Future[None]:
        """Have something stored after all before it; never waits.

        Returns:
            What is done once it is.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((each, stored))
        # While it fails nobody asks the database in vain, but once in a while.
        if not self.problem and (self._writer is None or self._writer.done()):
            loop = asyncio.get_running_loop()
            self._writer = loop.create_task(self.settle(), name=f"write {self._what}")
        return stored

    async def add(self, each: T) -> None:
        """Have something stored after all before it, and wait a moment for that."""
        self.put(each)
        await self.wait()

    async def wait(self) -> None:
        """Wait a moment for what was added to be stored; not while that fails."""
        if self._waiting and not self.problem:
            last = self._waiting[-1][1]
            if self._failed is None:
                self._failed = asyncio.get_running_loop().create_future()
            ends = (last, self._failed)
            done, _ = await asyncio.wait(
                ends, timeout=STORE_PATIENCE.most, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                STORE_PATIENCE.reached()

    async def serve(self) -> None:
        """Store again and again what could not be stored when it happened."""
        while True:
            await self._failing.wait()
            await asyncio.sleep(_RETRY)
            await self.settle()

    async def settle(self) -> bool:
        """Store what waits; False if that cannot be done."""
        try:
            async with self.caught_up():
                return True
        except StoreError:
            return False

    @asynccontextmanager
    async def caught_up(self) -> AsyncIterator[None]:
        """Store what waits, and let nobody else write meanwhile.

        Raises:
            StoreError: It cannot be stored; what is left waits on.
        """
        failures = self._failures
        async with self._one:
            if self._failures != failures:  # of who was before us, a moment ago
                raise StoreError(self.problem)
            try:
                await self._catch_up()
            except StoreError as exc:
                self._failures += 1
                if not self.problem:
                    log.error("%s: cannot be written (%s); kept in memory, tried again",  # noqa: TRY400
                              self._what, exc)  # fmt: skip
                self.problem = str(exc)
                self._failing.set()
                if self._failed is not None:
                    self._failed.set_result(None)
                    self._failed = None
                raise
            if self.problem:
                log.warning("%s: written again", self._what)
            self.problem = ""
            self._failing.clear()
            yield

    async def close(self) -> list[T]:
        """Store what waits, for the last time; return what could not be."""
        if self._waiting:
            last = asyncio.create_task(self.settle(), name=f"write the last of {self._what}")
            await asyncio.wait([last], timeout=_LAST)
        return self.waiting()

    async def _catch_up(self) -> None:
        size = _BATCH
        while self._waiting:
            batch = list(islice(self._waiting, size))
            try:
                await self._write([each for each, _ in batch])
            except UnfitError as exc:
                if size > 1:  # whichever it is: the others are fit
                    size = 1
                    continue
                log.error("%s: %s can never be written (%s); given up",  # noqa: TRY400
                          self._what, type(batch[0][0]).__name__, exc)  # fmt: skip
            for each, stored in batch:
                self._waiting.popleft()
                if not stored.done():
                    stored.set_result(None)
                self._written(each)
