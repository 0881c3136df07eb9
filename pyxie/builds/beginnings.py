"""Builds that are to begin, stored together where several are asked for at once.

A build begins only once it is stored. One that took too long was refused: where that cannot be
known for sure, as in the middle of a commit, it is taken back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pyxie.bounds import STORE_BEGIN
from pyxie.builds.changes import Change, Noted
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build
from pyxie.builds.records import BuildRecords, Withdrawal
from pyxie.errors import PyxieError
from pyxie.store.along import Along
from pyxie.store.pools import StoreError, UnfitError, UnsureError
from pyxie.store.queue import WriteQueue

_TOGETHER: Final = 50


class InBuildError(PyxieError):
    """The machine is in build mode already."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host

    def __str__(self) -> str:
        return f"{self.host} is in build mode; say replace=true (--replace) to begin anew"


@dataclass(slots=True, eq=False)
class Beginning:
    """A build that is to begin.

    Attributes:
        build: As it was planned.
        cause: How it was asked for.
        peer: Who asked for it.
        anew: In place of any build that the machine is in.
        along: What is stored with it.
        begun: Done with the build once that has begun, or with why it has not; cancelled where who
            waits for it is.
        is_late: It took too long, and who waited was told that it has not begun.
    """

    build: Build
    cause: str
    peer: str | None
    anew: bool
    along: Along | None = None
    begun: asyncio.Future[Build] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    is_late: bool = False

    @property
    def withdrawn(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.is_late or self.begun.cancelled()

    def refuse(self, why: Exception) -> None:
        """Tell who waits for it that it has not begun."""
        if not self.begun.done():
            self.begun.set_exception(why)
            self.begun.exception()  # or asyncio logs it, where nobody waits any more

    def give_up(self, why: Exception) -> None:
        """Tell who waits for it that it takes too long."""
        self.is_late = True
        self.refuse(why)


class Beginnings:
    """Begins builds, after all changes that wait to be stored.

    Args:
        index: What machines are in build mode for.
        records: Where builds are stored.
        changes: What is stored before.
        began: Told at once of each that has begun, with the one that it replaced.
    """

    def __init__(
        self,
        index: BuildIndex,
        records: BuildRecords,
        changes: WriteQueue[Change | Withdrawal | Noted],
        began: Callable[[Beginning, Build], None],
    ) -> None:
        self._index = index
        self._records = records
        self._changes = changes
        self._began = began
        self._waiting: deque[Beginning] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def begin(self, beginning: Beginning) -> Build:
        """Begin a build.

        Raises:
            InBuildError: The machine is in one.
            StoreError: It could not be stored, or not in time; nothing has changed.
        """
        self._waiting.append(beginning)
        if self._writer is None or self._writer.done():
            loop = asyncio.get_running_loop()
            self._writer = loop.create_task(self._write(), name="begin builds")
        late = asyncio.get_running_loop().call_later(STORE_BEGIN.most, self._give_up, beginning)
        try:
            return await beginning.begun
        finally:
            late.cancel()

    def _give_up(self, beginning: Beginning) -> None:
        """Refuse one that was not stored in time."""
        if beginning.begun.done():
            return
        STORE_BEGIN.reached()
        why = self._changes.problem or f"it was not written within {STORE_BEGIN.most:g} s"
        beginning.give_up(StoreError(why))

    async def _write(self) -> None:
        while self._waiting:
            batch: list[Beginning] = []
            try:
                async with self._changes.caught_up():
                    batch = self._next(_TOGETHER)
                    await self._store(batch)
            except StoreError as exc:
                for each in batch or self._next(len(self._waiting)):
                    each.refuse(StoreError(str(exc)))

    def _next(self, most: int) -> list[Beginning]:
        """Take those that are to begin now: at most one of each machine."""
        taken: dict[str, Beginning] = {}
        while self._waiting and len(taken) < most:
            each = self._waiting[0]
            if each.build.host in taken:
                break
            self._waiting.popleft()
            if each.withdrawn:
                continue
            if not each.anew and self._index.active(each.build.host):
                each.refuse(InBuildError(each.build.host))
                continue
            taken[each.build.host] = each
        return list(taken.values())

    async def _store(self, batch: list[Beginning]) -> None:
        """Store them, all or none; raises StoreError."""
        if not batch:
            return
        before = {each.build.host: self._index.active(each.build.host) for each in batch}
        try:
            along = [each.along for each in batch if each.along is not None]
            wanted = [(each.build, each.cause, each.peer) for each in batch]
            begun = await self._records.begin(wanted, along)
        except UnfitError as exc:
            if len(batch) == 1:
                batch[0].refuse(StoreError(str(exc)))
            else:  # whichever it is: the others are fit
                for each in batch:
                    await self._store([each])
            return
        except UnsureError:
            for each in batch:
                self._take_back(each, before[each.build.host])
            raise
        for each, build in zip(batch, begun, strict=True):
            if each.withdrawn:
                self._take_back(each, before[each.build.host])
            else:
                self._began(each, build)
                each.begun.set_result(build)

    def _take_back(self, beginning: Beginning, before: Build | None) -> None:
        self._changes.put(Withdrawal(beginning.build.token, before, beginning.along))
