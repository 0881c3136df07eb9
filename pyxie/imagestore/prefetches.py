"""Files that are fetched into the store before a machine asks for them.

A fetch is nobody's who asked: it goes on when they leave, and who asks again joins it. One that
ends with pyxie goes on where it stopped when it is asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final

from pyxie.bounds import PREFETCHES, PREFETCHES_AT_ONCE
from pyxie.clock import steady
from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.events.event import Recorder
from pyxie.events.kinds import StoreFailed, StoreFetched, StoreProgress
from pyxie.events.meter import Meter
from pyxie.images.upstream import UpstreamError
from pyxie.imagestore.copies import ImageStore
from pyxie.imagestore.entry import Entry, key_of
from pyxie.imagestore.imagecache import HeldError
from pyxie.imagestore.named import Named
from pyxie.service import WhenAsked, end_all
from pyxie.urls import shown


class Stage(StrEnum):
    """How far a fetch has come; the values are part of the REST API."""

    WAITING = "waiting"
    FETCHING = "fetching"
    FETCHED = "fetched"
    FAILED = "failed"


_ENDED: Final = frozenset((Stage.FETCHED, Stage.FAILED))


@dataclass(slots=True, kw_only=True)
class Prefetch:
    """One file.

    Attributes:
        key: Its key in the store.
        by: What named it, as of `Named`.
        part: As of `Named`.
        url: Where it is, as it may be shown.
        stage: How far it is.
        there: Bytes that have come.
        size: Bytes of all; None while that is not known.
        why: Why it has failed; empty if it has not.
        verified: By what it is known to be right; empty if by nothing.
    """

    key: str
    by: str
    part: str
    url: str
    stage: Stage = Stage.WAITING
    there: int = 0
    size: int | None = None
    why: str = ""
    verified: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it is fetched, or will not be."""
        return self.stage in _ENDED

    def begun(self) -> None:
        """Note that it is its turn."""
        self.stage = Stage.FETCHING

    def moved(self, there: int, size: int | None) -> None:
        """Note how far it has come."""
        self.there, self.size = there, size

    def fetched(self, entry: Entry) -> None:
        """Note that it is in the store."""
        self.there = self.size = entry.size
        self.stage, self.verified = Stage.FETCHED, entry.verified

    def failed(self, why: str) -> None:
        """Note that it will not be."""
        self.stage, self.why = Stage.FAILED, why


class Prefetches(WhenAsked):
    """A `pyxie.service.Service` that fetches files into the store, some at a time.

    Args:
        store: Where they are kept.
        recorder: Is told how far each has come.
        steady: Seconds, by a clock that is never set.
    """

    name = "prefetches"

    def __init__(
        self,
        store: ImageStore,
        recorder: Recorder,
        *,
        steady: Callable[[], float] = steady,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._steady = steady
        self._known: dict[str, Prefetch] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(PREFETCHES_AT_ONCE.whole)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await end_all(self._tasks.values())

    def all(self) -> list[Prefetch]:
        """Return those that go on, and the last that have ended."""
        return list(self._known.values())

    def begin(self, wanted: Sequence[Named], peer: str) -> list[Prefetch]:
        """Have files fetched; return how far each is, which changes.

        Args:
            wanted: What there is to be fetched.
            peer: Who asks, for events.

        Raises:
            BusyError: As many are fetched as may be; none of these is begun.
        """
        sources = {key_of(each.source.url, each.source.reach): each for each in wanted}
        under_way = {key for key, each in self._known.items() if not each.has_ended}
        if len(under_way | sources.keys()) > PREFETCHES.whole:
            PREFETCHES.reached()
            raise BusyError("images", f"{len(under_way)} files are being fetched; try again")
        for key, named in sources.items():
            if key not in under_way:
                self._begin(key, named, peer)
        self._forget()
        return [self._known[key] for key in sources]

    async def cancel(self, key: str, peer: str) -> str:
        """End a fetch, whoever wants it, and keep nothing of the file; return its URL.

        Args:
            key: Of the file, whether it is fetched here or a machine has asked for it.
            peer: Who asks, for events.

        Raises:
            NotServedError: It is not fetched.
            HeldError: A machine is given it as it comes: that goes on.
        """
        fetch = self._known.get(key)
        if fetch is None or fetch.has_ended:
            return self._store.cancel(key)
        fetch.failed("was cancelled")
        self._recorder.record(StoreFailed(source=fetch.url, why=fetch.why), peer=peer)
        task = self._tasks[key]
        task.cancel()
        await asyncio.wait((task,))
        with suppress(NotServedError, HeldError):
            self._store.cancel(key)
        return fetch.url

    def _begin(self, key: str, named: Named, peer: str) -> None:
        self._known.pop(key, None)  # to be the newest
        fetch = Prefetch(key=key, by=named.by, part=named.part, url=shown(named.source.url))
        self._known[key] = fetch
        task = asyncio.create_task(self._run(fetch, named, peer), name=f"prefetch {fetch.url}")
        self._tasks[key] = task
        task.add_done_callback(lambda over: self._over(key, over))

    def _over(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:  # not one that was begun since
            del self._tasks[key]

    def _forget(self) -> None:
        """Keep no more than may be; those that ended the longest ago go first."""
        ended = [key for key, each in self._known.items() if each.has_ended]
        for key in ended[: max(0, len(self._known) - PREFETCHES.whole)]:
            del self._known[key]

    async def _run(self, fetch: Prefetch, named: Named, peer: str) -> None:
        if self._turns.locked():
            PREFETCHES_AT_ONCE.reached()
        async with self._turns:
            fetch.begun()
            pace = Meter(self._steady())

            def moved(there: int, size: int | None) -> None:
                fetch.moved(there, size)
                if pace.due(there, self._steady()):
                    told = StoreProgress(source=fetch.url, there=there, total=size)
                    self._recorder.record(told, peer=peer)

            try:
                entry = await self._store.fetch(named.source, moved)
            except PyxieError as exc:
                fetch.failed(exc.why if isinstance(exc, UpstreamError) else str(exc))
                self._recorder.record(StoreFailed(source=fetch.url, why=fetch.why), peer=peer)
                return
        fetch.fetched(entry)
        done = StoreFetched(source=fetch.url, size=entry.size, verified=entry.verified)
        self._recorder.record(done, peer=peer)
