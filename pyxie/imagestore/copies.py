"""The store, for who asks it: a file is given as it comes, or as the copy that is kept.

A copy that is to be asked about again is given all the same if its server does not answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pyxie.bounds import IMAGE_CHECK, IMAGE_SPARE
from pyxie.config.imagestore import ImageStore as StoreSettings
from pyxie.errors import BusyError
from pyxie.images.spec import Upstream
from pyxie.images.upstream import FIRST_BYTE, SILENCE, Moved, RefusedError, UpstreamError
from pyxie.imagestore.entry import Entry, Head, key_of
from pyxie.imagestore.fetching import Means
from pyxie.imagestore.growth import Growth, UncachedError
from pyxie.imagestore.imagecache import ImageCache
from pyxie.imagestore.inflight import InFlight
from pyxie.imagestore.needed import Needs
from pyxie.imagestore.policy import AGAIN, Revalidate
from pyxie.imagestore.readycopies import ReadyCopies
from pyxie.imagestore.trust import Askable, Trust
from pyxie.metrics import Metrics
from pyxie.openfile import OpenFile
from pyxie.outbound.fetcher import Fetcher
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.outbound.reach import Reach
from pyxie.threads import Pool
from pyxie.urls import shown
from pyxie.verification.faults import MismatchError, SignatureError, VerificationError

log = logging.getLogger(__name__)

_FLUSH: Final = 600.0
"""Seconds between two looks at the folder; what was used is written down then."""


async def _unjudged(_source: Upstream, _digest: str, _gave: str, _file: OpenFile | None) -> str:
    return ""


def _unnoted(_refused: RefusedError, _reach: Reach) -> None:
    pass


async def _nothing() -> Needs:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A file as it may be served; it may still be growing.

    Attributes:
        head: What its server says of it.
        file: Open to be read.
        digest: SHA-256 of all of it, in hex; empty while it grows.
        stale: Why its server could not be asked whether this is the newest; empty if it was, or
            did not have to be.
        age: Seconds since it was asked last; 0 while it grows.
        growth: Where it comes from, while it grows.
        judge: Asked of its digest before its last byte is given.
    """

    head: Head
    file: OpenFile
    digest: str = ""
    stale: str = ""
    age: float = 0.0
    growth: Growth | None = None
    judge: Callable[[str], Awaitable[object]] | None = None

    async def beyond(self, at: int) -> int:
        """Wait until there is more than ``at``, or all; return how many bytes there are.

        Raises:
            UpstreamError: There will not be more.
            UncachedError: There will be more, but not here: the rest can be streamed.
            VerificationError: It is not what it should be; its last byte is not to be had.
        """
        if self.growth is None:
            return self.head.size or 0
        there = await self.growth.beyond(at)
        if self.judge is not None and self.growth.digest:
            # Who began the fetch may have expected something else, or nothing.
            await self.judge(self.growth.digest)
        return there

    @property
    def given_by(self) -> str:
        """The URL that it comes from; empty where that is known no more."""
        return self.growth.given_by if self.growth is not None else ""

    @property
    def at(self) -> str:
        """That, as it may be shown."""
        return shown(self.given_by) if self.given_by else ""

    @property
    def passed(self) -> tuple[str, ...]:
        """Why mirrors before that one do not give it, a sentence each."""
        return tuple(self.growth.passed) if self.growth is not None else ()

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there."""
        return self.growth is None or (bool(self.growth.digest) and self.judge is None)


@dataclass(frozen=True, slots=True)
class Lent:
    """A copy that is given at once.

    Attributes:
        entry: What is known of it.
        file: Open until it is given back.
        count: Called where it is used.
        give_back: Called once it is of no more use.
    """

    entry: Entry
    file: OpenFile
    count: Callable[[], None]
    give_back: Callable[[], None]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file that is there in whole.

    Attributes:
        path: Where.
        digest: SHA-256, in hex.
        at: As of `Copy`.
        passed: As of `Copy`.
    """

    path: Path
    digest: str
    at: str
    passed: tuple[str, ...]


class ImageStore:
    """Copies of other servers' files. A `pyxie.service.Service`.

    Args:
        folder: Where they are kept.
        settings: Its own, as of now.
        proxies: By way of which other servers are reached.
        metrics: Counters.
        first_byte: Gives the seconds that a server may take for the first byte of a file.
        silence: The seconds that it may then be silent.
        trust: Judges whether copies are what they should be; without, nobody does.
        needed: Gives the keys of what builds need, and whose builds.
        clock: Seconds since the epoch.
        spare: Bytes of the disk that are left to others.
        ca: Certificates that are believed beside the host's own.

    Attributes:
        cache: What it keeps.
    """

    name = "image store"

    def __init__(
        self,
        folder: Path,
        settings: Callable[[], StoreSettings],
        proxies: Proxies = DIRECTLY,
        *,
        metrics: Metrics | None = None,
        first_byte: Callable[[], float] = lambda: FIRST_BYTE,
        silence: float = SILENCE,
        trust: Trust | None = None,
        needed: Callable[[], Awaitable[Needs]] = _nothing,
        clock: Callable[[], float] = time.time,
        spare: int = IMAGE_SPARE.whole,
        ca: Path | None = None,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._trust = trust
        self._fetcher = Fetcher(proxies, ca=ca)
        self.cache = ImageCache(folder, settings, self._metrics, needed, clock)
        means = partial(
            Means,
            pool=self.cache.writing,
            fetcher=self._fetcher,
            proxies=proxies,
            first_byte=first_byte,
            silence=silence,
            judge=trust.judge if trust else _unjudged,
            absent=trust.absent if trust else _unnoted,
        )
        self._in_flight = InFlight(self.cache, means, self._metrics, clock, spare)
        self._ready = ReadyCopies(settings, self.cache.get)
        self._wakings: asyncio.Queue[None] = asyncio.Queue(1)

    @property
    def problem(self) -> str:
        """What is wrong with it, in a sentence; empty if nothing is."""
        return self.cache.fault or self._in_flight.problem

    @property
    def reading(self) -> Pool:
        """Whose threads read its files."""
        return self.cache.reading

    def fetching(self) -> list[Growth]:
        """Return what is on its way."""
        return self._in_flight.growths()

    def cancel(self, key: str) -> str:
        """End a fetch of which nobody is given anything, as `InFlight.cancel` does."""
        return self._in_flight.cancel(key)

    def held(self, source: Upstream) -> Entry | None:
        """Return what is known of the copy of a file; None if there is none."""
        return self.cache.get(key_of(source.url, source.reach))

    async def __aenter__(self) -> Self:
        await self._fetcher.__aenter__()
        await self.cache.claim()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ready.clear()
        disk = self.cache.close()
        await self._in_flight.stop()
        await self._fetcher.__aexit__(kind, error, traceback)
        if disk is not None:
            await self.cache.leave(disk)

    async def serve(self) -> None:
        """Look after the folder, now and then and when the settings change, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH):
                    await self._wakings.get()
            try:
                await self.cache.tend()
            except (OSError, BusyError) as exc:
                log.warning("image store: what was used is not written down: %s", exc)

    def wake(self) -> None:
        """Go by the settings of now at once."""
        with suppress(asyncio.QueueFull):
            self._wakings.put_nowait(None)

    async def drain(self) -> None:
        """What is on its way is gone on with at the next start."""

    def ready(self, source: Upstream) -> Lent | None:
        """Give at once what `open` gave a moment ago, while that is what it would give now."""
        if self.cache.disk is None or self._in_flight.get(key_of(source.url, source.reach)):
            return None
        found = self._ready.get(source)
        if found is None or not self.cache.is_fresh(found[0], None):
            return None
        try:
            file = found[1].shared()
        except OSError:  # it was closed
            return None
        entry = self.cache.lend(found[0])

        def give_back() -> None:
            file.close()
            self.cache.give_back(entry)

        return Lent(entry, file, self._metrics.image_store.labels("kept").inc, give_back)

    @asynccontextmanager
    async def open(
        self,
        source: Upstream,
        *,
        waits: bool = True,
        anew: bool = False,
        revalidate: Revalidate | None = None,
    ) -> AsyncIterator[Copy]:
        """Give a file, once its first byte is there.

        Args:
            source: Where it is.
            waits: Wait for a fetch that has not begun to bring something; a fetch that leads
                back to itself would wait for ever.
            anew: Ask its server whether it has changed, whatever the settings say.
            revalidate: How often that is asked; None as the settings say.

        Raises:
            UpstreamError: Its server does not give it, and there is no copy.
            UncachedError: No copy of it can be kept.
            VerificationError: It is not what it should be.
        """
        if not self.cache.size:
            raise UncachedError("no images are kept", is_meant=True)
        key, stale = key_of(source.url, source.reach), ""
        is_right = await self._is_right(source, self.cache.get(key))
        asked = Askable(source) if is_right and not anew else await self._askable(source)
        while (over := self._in_flight.get(key)) is not None and over.error is not None:
            await over.ended()  # what is left of it is seen to
        entry, growth = self.cache.get(key), self._in_flight.get(key)
        if entry is not None and is_right == entry.digest and not anew:
            growth = None  # whatever is on its way, this is what was meant
        elif growth is None and (
            entry is None
            or anew
            or is_right is not None
            or not self.cache.is_fresh(entry, revalidate)
        ):
            try:
                growth = self._in_flight.begin(key, source, asked)
            except UncachedError as exc:
                if entry is None:
                    self._metrics.image_store.labels("uncached").inc()
                    raise
                stale = str(exc)
            except UpstreamError as exc:  # none of its mirrors is worth asking
                if entry is None:
                    raise
                stale = exc.why
        if growth is not None:
            shared = growth.has_begun or growth.readers > 0
            growth.enter()
            try:
                stale = await self._beginning(key, growth, waits=waits)
                if growth.head is not None and growth.file is not None and not stale:
                    self._metrics.image_store.labels("shared" if shared else "fetched").inc()
                    judge = self._judge_of(source)
                    yield Copy(head=growth.head, file=growth.file, growth=growth, judge=judge)
                    return
            finally:
                growth.leave()
        lasts = growth is None and revalidate is None and not anew
        async with self._kept(key, source, stale, lasts=lasts) as copy:
            yield copy

    @asynccontextmanager
    async def whole(self, source: Upstream) -> AsyncIterator[Copy]:
        """Give a file as `open` does, once all of it is there: for who must know its size, as TFTP.

        Raises:
            UpstreamError, UncachedError, PyxieError: As of `open`.
        """
        async with AsyncExitStack() as stack:
            yield await self._whole(stack, source, lambda _there, _size: None, anew=False)

    async def _whole(
        self, stack: AsyncExitStack, source: Upstream, moved: Moved, *, anew: bool
    ) -> Copy:
        """Return a file once all of it is there, of the first mirror that has what it should be."""
        mirrors = {*map(shown, source.urls)}
        for left in range(len(source.urls), -1, -1):  # the last says what all of them gave
            try:
                async with AsyncExitStack() as own:
                    copy = await own.enter_async_context(self.open(source, anew=anew))
                    at = 0
                    while (there := await copy.beyond(at)) > at and not copy.is_whole:
                        at = there
                        moved(at, copy.head.size)
                    moved(there, copy.head.size)
                    stack.push_async_callback(own.pop_all().aclose)
                    return copy
            except (MismatchError, SignatureError) as exc:
                if not left or exc.what not in mirrors:  # but a list
                    raise
        raise AssertionError  # pragma: no cover - the last has returned or raised

    async def on_disk(self, source: Upstream) -> OnDisk:
        """Return where a file is on disk, once all of it is there.

        Raises:
            UpstreamError, UncachedError, PyxieError: As of `open`.
        """
        async with self.whole(source) as copy:
            if copy.growth is not None:
                await copy.growth.ended()
        entry, disk = self.held(source), self.cache.disk
        if entry is None or disk is None:
            raise UncachedError("it cannot be kept")
        return OnDisk(disk.path(entry.digest), entry.digest, copy.at, copy.passed)

    async def fetch(self, source: Upstream, moved: Moved = lambda _there, _size: None) -> Entry:
        """Have the newest of a file in the store, whole; return what is known of it.

        Args:
            source: Where it is.
            moved: Called with how many bytes there are, and of how many, where that is known.

        Raises:
            UpstreamError: Its server does not give it.
            UncachedError: It cannot be kept.
            PyxieError: It is not what it should be.
        """
        if self._trust is not None:
            self._trust.forget(source)
        async with AsyncExitStack() as stack:
            copy = await self._whole(stack, source, moved, anew=True)
            if copy.growth is not None:
                await copy.growth.ended()
            if copy.stale:
                raise UpstreamError(source.url, copy.stale)
        entry = self.held(source)
        if entry is None:
            why = self._in_flight.refused(key_of(source.url, source.reach))
            raise UncachedError("was removed" if why is None else why)
        return entry

    async def _is_right(self, source: Upstream, entry: Entry | None) -> str | None:
        """Return the digest of a copy that is known to be right; empty if it is not known to be.

        Returns:
            None, where nobody says what it should be, or a newer one may be right as well.
        """
        if self._trust is None or source.expected is None:
            return None
        if entry is None:
            return ""
        if await self._trust.must_see(source, entry.digest):
            with suppress(VerificationError, UncachedError):
                async with self.cache.opened(entry.key) as (_, file):
                    await self._trust.judge(source, entry.digest, file=file)
        asked = 0 <= self._clock() - entry.checked < AGAIN
        is_right = await self._trust.is_right(source, entry, asked=asked)
        if is_right and source.expected.signature is not None:
            return None  # an older release is signed as well: whether it is the newest is asked
        return entry.digest if is_right else ""

    async def _askable(self, source: Upstream) -> Askable:
        return await self._trust.askable(source) if self._trust else Askable(source)

    def _judge_of(self, source: Upstream) -> Callable[[str], Awaitable[object]] | None:
        if self._trust is None or source.expected is None:
            return None
        return partial(self._trust.judge, source)

    async def _beginning(self, key: str, growth: Growth, *, waits: bool) -> str:
        """Wait for the first byte; return why the copy from before has to do, if it has to."""
        if not waits and not growth.has_begun:
            raise UncachedError("it is being fetched by somebody else", is_meant=True)
        if self.cache.get(key) is None:
            await growth.begun()
            return ""
        try:
            async with asyncio.timeout(IMAGE_CHECK.most):
                await growth.begun()
        except TimeoutError:
            IMAGE_CHECK.reached()
            return "does not answer"
        except UpstreamError as exc:
            return exc.why
        except UncachedError as exc:
            return str(exc)
        return ""

    @asynccontextmanager
    async def _kept(
        self, key: str, source: Upstream, stale: str, *, lasts: bool
    ) -> AsyncIterator[Copy]:
        async with self.cache.opened(key) as (entry, file):
            if self._trust is not None:
                await self._trust.approve(source, entry, file)
            self._metrics.image_store.labels("stale" if stale else "kept").inc()
            if lasts and not stale:
                self._ready.keep(source, entry, file)
            yield Copy(
                head=entry.head,
                file=file,
                digest=entry.digest,
                stale=stale,
                age=max(0.0, self._clock() - entry.checked),
            )
