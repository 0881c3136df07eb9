"""The store: one copy of each file, one fetch for all who ask for it, and room for the next.

What is known of the copies is in memory, and on disk for the next start. A fetch is a task of the
store's and no client's: whoever asks first may leave.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pyxie.bounded import note
from pyxie.bounds import IMAGE_CHECK, IMAGE_COPIES, IMAGE_FETCHES, IMAGE_PARTS, IMAGE_SPARE
from pyxie.config.imagestore import ImageStore as StoreSettings
from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.images.spec import Upstream
from pyxie.images.upstream import FIRST_BYTE, SILENCE, Moved, UpstreamError
from pyxie.imagestore.entry import Entry, Head, key_of
from pyxie.imagestore.fetching import Fetching, Means
from pyxie.imagestore.growth import Growth, UncachedError
from pyxie.imagestore.ondisk import Disk, InUseError, sync
from pyxie.imagestore.policy import Revalidate, is_fresh, leaving, taken_by
from pyxie.imagestore.trust import Trust
from pyxie.metrics import Metrics
from pyxie.openfile import OpenFile
from pyxie.outbound.fetcher import Fetcher
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.threads import Pool
from pyxie.urls import shown
from pyxie.verification.faults import VerificationError

log = logging.getLogger(__name__)

_FLUSH: Final = 600.0
"""Seconds between two looks at the folder; what was used is written down then."""
_REFUSED: Final = 60.0
"""Seconds in which what could not be kept is not tried again."""
_TOLD: Final = 300.0
"""Seconds in which health tells of it."""
_PATIENT: Final = 30.0
"""Seconds after which a fetch that brings less than this makes room for another."""
_SLOW: Final = 4000
"""Bytes a second."""
_PATIENCE: Final = 600.0
"""Seconds that writing may take: a whole image is made sure to be on the disk at once."""


async def _unjudged(_source: Upstream, _digest: str) -> str:
    return ""


async def _nothing() -> frozenset[str]:
    return frozenset()


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
    def is_whole(self) -> bool:
        """Whether all of it is there."""
        return self.growth is None or (bool(self.growth.digest) and self.judge is None)


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
        needed: Gives the keys of what builds need.
        clock: Seconds since the epoch.
        spare: Bytes of the disk that are left to others.
        ca: Certificates that are believed beside the host's own.
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
        needed: Callable[[], Awaitable[frozenset[str]]] = _nothing,
        clock: Callable[[], float] = time.time,
        spare: int = IMAGE_SPARE.whole,
        ca: Path | None = None,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._metrics = metrics or Metrics()
        self._needed = needed
        self._clock = clock
        self._spare = spare
        self._reading = Pool("the image store")
        self._writing = Pool("the image store's writing", patience=_PATIENCE)
        self._disk: Disk | None = None
        self._fetcher = Fetcher(proxies, ca=ca)
        self._trust = trust
        self._how = (proxies, first_byte, silence, trust.judge if trust else _unjudged)
        self._entries: dict[str, Entry] = {}
        self._growing: dict[str, Growth] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._served: Counter[str] = Counter()
        self._failed: dict[str, float] = {}
        self._refused: dict[str, tuple[float, str]] = {}
        self._used: set[str] = set()
        self._wakings: asyncio.Queue[None] = asyncio.Queue(1)
        self._rooms = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._writes = asyncio.Lock()
        self._fault = ""

    @property
    def problem(self) -> str:
        """What is wrong with it, in a sentence; empty if nothing is."""
        if self._fault or not self._refused:
            return self._fault
        since, why = next(reversed(self._refused.values()))
        recently = 0 <= self._clock() - since < _TOLD
        return f"an image was not kept: {why}" if recently else ""

    @property
    def reading(self) -> Pool:
        """Whose threads read its files."""
        return self._reading

    def entries(self) -> list[Entry]:
        """Return what is known of each copy."""
        return list(self._entries.values())

    def fetching(self) -> list[Growth]:
        """Return what is on its way."""
        return list(self._growing.values())

    def held(self, source: Upstream) -> Entry | None:
        """Return what is known of the copy of a file; None if there is none."""
        return self._entries.get(key_of(source.url, source.reach))

    async def __aenter__(self) -> Self:
        await self._fetcher.__aenter__()
        await self._claim()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        disk, self._disk = self._disk, None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._fetcher.__aexit__(kind, error, traceback)
        if disk is not None:
            with suppress(OSError, BusyError):
                await self._flush(disk)
            with suppress(BusyError):
                await self._writing.run(disk.leave)

    async def serve(self) -> None:
        """Look after the folder, now and then and when the settings change, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH):
                    await self._wakings.get()
            try:
                await self._tend()
            except (OSError, BusyError) as exc:
                log.warning("image store: what was used is not written down: %s", exc)

    def wake(self) -> None:
        """Go by the settings of now at once."""
        with suppress(asyncio.QueueFull):
            self._wakings.put_nowait(None)

    async def drain(self) -> None:
        """What is on its way is gone on with at the next start."""

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
        if not self._settings().size:
            raise UncachedError("no images are kept", is_meant=True)
        key, stale = key_of(source.url, source.reach), ""
        is_right = await self._is_right(source, self._entries.get(key))
        while (over := self._growing.get(key)) is not None and over.error is not None:
            await over.ended()  # what is left of it is seen to
        entry, growth = self._entries.get(key), self._growing.get(key)
        if entry is not None and is_right == entry.digest and not anew:
            growth = None  # whatever is on its way, this is what was meant
        elif growth is None and (
            entry is None or anew or is_right is not None or not self._is_fresh(entry, revalidate)
        ):
            try:
                growth = self._begin(key, source)
            except UncachedError as exc:
                if entry is None:
                    self._metrics.image_store.labels("uncached").inc()
                    raise
                stale = str(exc)
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
        async with self._kept(key, source, stale) as copy:
            yield copy

    @asynccontextmanager
    async def whole(self, source: Upstream) -> AsyncIterator[Copy]:
        """Give a file as `open` does, once all of it is there: for who must know its size, as TFTP.

        Raises:
            UpstreamError, UncachedError, PyxieError: As of `open`.
        """
        async with self.open(source) as copy:
            at = 0
            while (there := await copy.beyond(at)) > at:
                at = there
            yield copy

    async def path(self, source: Upstream) -> Path:
        """Return where a file is on disk, once all of it is there.

        Raises:
            UpstreamError, UncachedError, PyxieError: As of `open`.
        """
        async with self.whole(source) as copy:
            if copy.growth is not None:
                await copy.growth.ended()
        entry, disk = self.held(source), self._disk
        if entry is None or disk is None:
            raise UncachedError("it cannot be kept")
        return disk.path(entry.digest)

    async def _is_right(self, source: Upstream, entry: Entry | None) -> str | None:
        """Return the digest of a copy that is known to be right; empty if it is not known to be.

        Returns:
            None, where nobody says what it should be.
        """
        if self._trust is None or source.expected is None:
            return None
        if entry is not None and await self._trust.is_right(source, entry):
            return entry.digest
        return ""

    def _judge_of(self, source: Upstream) -> Callable[[str], Awaitable[object]] | None:
        if self._trust is None or source.expected is None:
            return None
        return partial(self._trust.judge, source)

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
        async with self.open(source, anew=True) as copy:
            at = 0
            while (there := await copy.beyond(at)) > at and not copy.is_whole:
                at = there
                moved(at, copy.head.size)
            moved(there, copy.head.size)
            if copy.growth is not None:
                await copy.growth.ended()
            if copy.stale:
                raise UpstreamError(source.url, copy.stale)
        entry = self.held(source)
        if entry is None:
            _, why = self._refused.get(key_of(source.url, source.reach), (0.0, "was removed"))
            raise UncachedError(why)
        return entry

    async def pin(self, key: str, *, pinned: bool = True) -> Entry:
        """Have a copy stay until it is said otherwise; return what is known of it.

        Raises:
            NotServedError: There is no such copy.
            OSError, BusyError: It counts, but is forgotten at the next start.
        """
        entry, disk = self._entries.get(key), self._disk
        if entry is None or disk is None:
            raise NotServedError(key, "the store has no such file")
        self._entries[key] = replace(entry, pinned=pinned)
        await self._write(key, disk)
        return self._entries.get(key, entry)

    async def verify(self, key: str) -> str:
        """Read a copy, and return the digest that it has; if that is another, it is removed.

        Returns:
            SHA-256, in hex; empty if it cannot be read.

        Raises:
            NotServedError: There is no such copy.
            BusyError: The disk does not answer.
        """
        entry, disk = self._entries.get(key), self._disk
        if entry is None or disk is None:
            raise NotServedError(key, "the store has no such file")
        try:
            found = await self._writing.run(disk.digest, entry.digest)
        except (OSError, NotServedError):
            found = ""
        if found == entry.digest:
            return found
        log.error(
            "image store: the copy of %s is damaged, and removed: its SHA-256 is %s, and was %s",
            *(entry.url, found or "not to be had", entry.digest),
        )
        await self._remove([each for each in self.entries() if each.digest == entry.digest], disk)
        return found

    async def prune(self, unused: float = 0.0) -> list[Entry]:
        """Remove copies; return them. What is pinned, served or needed by a build stays.

        Args:
            unused: Seconds for which they have not been asked for.
        """
        disk = self._disk
        if disk is None:
            return []
        needed, before = await self._needed(), self._clock() - unused
        kept = self._kept_digests(needed)
        gone = [
            each
            for each in self._entries.values()
            if each.used <= before and not each.pinned and each.digest not in kept
        ]
        await self._remove(gone, disk)
        return gone

    async def _remove(self, gone: list[Entry], disk: Disk) -> None:
        for entry in gone:
            self._entries.pop(entry.key, None)
            self._failed.pop(entry.key, None)
        self._count()
        for entry in gone:
            with suppress(OSError, BusyError):
                await self._forget(entry.key, disk)
                await self._unused(entry.digest, disk)

    async def _forget(self, key: str, disk: Disk) -> None:
        """Remove what is written of an entry, unless there is one again."""
        async with self._writes:
            if key not in self._entries:
                await self._writing.run(disk.forget, key)

    def _kept_digests(self, needed: frozenset[str]) -> set[str]:
        """Return what is not removed, whoever wants room."""
        entries = self._entries.values()
        return {*self._served, *(each.digest for each in entries if each.key in needed)}

    async def _beginning(self, key: str, growth: Growth, *, waits: bool) -> str:
        """Wait for the first byte; return why the copy from before has to do, if it has to."""
        if not waits and not growth.has_begun:
            raise UncachedError("it is being fetched by somebody else", is_meant=True)
        if key not in self._entries:
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
    async def _kept(self, key: str, source: Upstream, stale: str) -> AsyncIterator[Copy]:
        if self._trust is not None and (before := self._entries.get(key)) is not None:
            await self._trust.approve(source, before)
        entry = self._entries.get(key)
        if entry is None or self._disk is None:
            raise UncachedError("it has just been removed")
        entry = self._entries[key] = replace(entry, used=self._clock())
        self._used.add(key)
        self._served[entry.digest] += 1
        try:
            try:
                file = await self._reading.run(self._disk.open, entry.digest)
            except (OSError, NotServedError) as exc:
                self._lost(key, entry)
                raise UncachedError("its copy was removed by somebody else") from exc
            try:
                self._metrics.image_store.labels("stale" if stale else "kept").inc()
                yield Copy(
                    head=entry.head,
                    file=file,
                    digest=entry.digest,
                    stale=stale,
                    age=max(0.0, self._clock() - entry.checked),
                )
            finally:
                file.close()
        finally:
            self._served[entry.digest] -= 1
            if not self._served[entry.digest]:
                del self._served[entry.digest]

    def _lost(self, key: str, entry: Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]
        self._count()

    def _is_fresh(self, entry: Entry, revalidate: Revalidate | None) -> bool:
        policy = revalidate or self._settings().revalidate
        return is_fresh(entry, policy, self._clock(), self._failed.get(entry.key))

    def _begin(self, key: str, source: Upstream) -> Growth:
        """Begin to fetch a file."""
        if self._disk is None:
            raise UncachedError(self._fault or "pyxie is stopping", is_meant=True)
        since, why = self._refused.get(key, (-_REFUSED, ""))
        if 0 <= self._clock() - since < _REFUSED:
            raise UncachedError(why)
        loop = asyncio.get_running_loop()
        if len(self._growing) >= IMAGE_FETCHES.most:
            IMAGE_FETCHES.reached()
            if not self._displaces(loop.time()):
                raise UncachedError(f"{len(self._growing)} files are being fetched already")
        growth = self._growing[key] = Growth(shown(source.url), loop.time())
        task = loop.create_task(self._fetch(key, source, growth, self._disk))
        growth.fetched_by(task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return growth

    def _displaces(self, now: float) -> bool:
        """End a slow fetch, so that there is room for another; False if none is slow.

        Whoever reads it is given the rest past the store. A server need never come to an end.
        """
        for growth in self._growing.values():
            lasts = now - growth.began
            is_slow = lasts > _PATIENT and growth.written < lasts * _SLOW
            if is_slow and growth.error is None:
                growth.end(UncachedError("it is slow, and another needs its place in the store"))
                return True
        return False

    async def _fetch(self, key: str, source: Upstream, growth: Growth, disk: Disk) -> None:
        proxies, first_byte, silence, judge = self._how
        means = Means(
            disk=disk,
            pool=self._writing,
            fetcher=self._fetcher,
            proxies=proxies,
            first_byte=first_byte,
            silence=silence,
            room=self._room,
            judge=judge,
        )
        had = self._entries.get(key)
        fetching = Fetching(key, source, growth, means, had.head if had is not None else None)
        try:
            is_new = await fetching.run()
            now = self._clock()
            if not is_new:
                await self._checked(key, now, disk)
                growth.same()
                await self._left(key, growth, disk)
                return
            await self._landed(key, growth, fetching.verified, now, disk)
        except UncachedError as exc:
            note(self._refused, key, (self._clock(), str(exc)), IMAGE_COPIES.whole)
            log.warning("image store: %s is not kept: %s", growth.url, exc)
            growth.fail(exc)
            with suppress(OSError, BusyError):
                await self._writing.run(disk.drop, key)
        except VerificationError as exc:
            log.error("image store: %s is not kept: %s", growth.url, exc.why)  # noqa: TRY400
            growth.fail(exc)
            with suppress(OSError, BusyError):
                await self._writing.run(disk.drop, key)
        except PyxieError as exc:
            if key in self._entries:
                self._failed[key] = self._clock()
            growth.fail(exc)
            await self._left(key, growth, disk)
        except asyncio.CancelledError:
            if growth.error is None:
                growth.fail(UncachedError("pyxie is stopping"))
            raise
        except Exception as exc:
            log.exception("image store: %s", growth.url)
            growth.fail(UncachedError(type(exc).__name__))
        finally:
            del self._growing[key]
            growth.over()

    async def _left(self, key: str, growth: Growth, disk: Disk) -> None:
        """Keep of what was broken off what is of use, and no more than there is room for."""
        others = sum(each.reserved for each in self._growing.values() if each is not growth)
        room = max(0, self._settings().size - taken_by(self._entries.values()) - others)
        busy = frozenset(self._growing)
        with suppress(OSError, BusyError):
            if isinstance(growth.error, UpstreamError):
                most = IMAGE_PARTS.whole
                if await self._writing.run(disk.left, key, busy, room, most):
                    IMAGE_PARTS.reached()
            else:
                await self._writing.run(disk.drop, key)

    async def _checked(self, key: str, now: float, disk: Disk) -> None:
        self._failed.pop(key, None)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries[key] = replace(entry, checked=now)
            with suppress(OSError, BusyError):
                await self._write(key, disk)

    async def _write(self, key: str, disk: Disk) -> None:
        """Write an entry down as it is by then; raises OSError, BusyError."""
        async with self._writes:
            entry = self._entries.get(key)
            if entry is not None:
                await self._writing.run(disk.write, entry)

    async def _landed(
        self, key: str, growth: Growth, verified: str, now: float, disk: Disk
    ) -> None:
        """Keep what is whole; whoever reads it has all of it already."""
        head, digest, file = growth.head, growth.digest, growth.file
        assert head is not None and file is not None  # noqa: S101, PT018 - it is whole
        entry = Entry(
            key=key,
            url=growth.url,
            digest=digest,
            size=growth.written,
            etag=head.etag,
            last_modified=head.last_modified,
            content_type=head.content_type,
            fetched=now,
            checked=now,
            used=now,
            verified=verified,
        )
        try:
            await self._writing.run(sync, file)
            async with self._changing:
                await self._writing.run(disk.land, key, digest)
                before = self._entries.get(key)
                pinned = before is not None and before.pinned
                self._entries[key] = replace(entry, pinned=pinned)
            await self._write(key, disk)
        except (OSError, BusyError) as exc:
            why = getattr(exc, "strerror", None) or str(exc)
            note(self._refused, key, (now, f"cannot be kept: {why}"), IMAGE_COPIES.whole)
            log.warning("image store: %s is not kept: %s", growth.url, why)
            return
        self._failed.pop(key, None)
        self._metrics.image_store_fetched.inc(entry.size)
        self._count()
        if before is not None and before.digest != digest:
            await self._unused(before.digest, disk)

    async def _unused(self, digest: str, disk: Disk) -> None:
        """Remove a content that no copy has any more."""
        async with self._changing:  # or it might come again just now
            if not any(each.digest == digest for each in self._entries.values()):
                with suppress(OSError, BusyError):
                    await self._writing.run(disk.remove, digest)

    async def _room(self, growth: Growth, size: int) -> None:
        """Make room for so many bytes of a file in all; raises UncachedError."""
        disk = self._disk
        if disk is None:
            raise UncachedError("pyxie is stopping")
        async with self._rooms:
            most = self._settings().size
            if size > most:
                raise UncachedError(f"is larger than 'image_store.size', {most} bytes, allows")
            try:
                free = await self._writing.run(disk.free)
                if free - self._spare < size:
                    await self._writing.run(disk.leftovers, frozenset(self._growing))
                    free = await self._writing.run(disk.free)
            except (OSError, BusyError) as exc:
                raise UncachedError(f"cannot be kept: {exc}") from exc
            needed = await self._needed() if self._surplus(growth, size, free) else frozenset()
            await self._remove(self._make_room(growth, size, free, needed), disk)

    def _make_room(
        self, growth: Growth, size: int, free: int, needed: frozenset[str]
    ) -> list[Entry]:
        """Return what has to go; raises UncachedError if that is not enough."""
        entries = self.entries()
        most = taken_by(entries) - self._surplus(growth, size, free)
        gone = list(leaving(entries, self._kept_digests(needed), most, IMAGE_COPIES.whole - 1))
        keys = {each.key for each in gone}
        if len(entries) >= IMAGE_COPIES.most:
            IMAGE_COPIES.reached()
        if taken_by(each for each in entries if each.key not in keys) > most:
            IMAGE_SPARE.reached()
            raise UncachedError("there is no room for it in the image store")
        growth.reserve(size)
        self._metrics.image_store_evicted.inc(len(gone))
        return gone

    def _surplus(self, growth: Growth, size: int, free: int) -> int:
        """Return how many bytes of copies are too many beside a file of ``size``, 0 if none."""
        others = [each for each in self._growing.values() if each is not growth]
        reserved = sum(each.reserved for each in others)
        to_come = sum(max(0, each.reserved - each.written) for each in others)
        by_setting = taken_by(self.entries()) + reserved + size - self._settings().size
        by_disk = size - growth.written + to_come + self._spare - free
        return max(0, by_setting, by_disk)

    async def _tend(self) -> None:
        """Have on disk and in force what has changed since."""
        if self._disk is None:
            await self._claim()
        if (disk := self._disk) is not None:
            await self._flush(disk)
            size = self._settings().size
            if taken_by(self.entries()) > size > 0:
                kept = self._kept_digests(await self._needed())
                await self._remove(
                    list(leaving(self.entries(), kept, size, IMAGE_COPIES.whole)), disk
                )

    async def _claim(self) -> None:
        if not self._settings().size:
            return
        disk = Disk(self._folder)
        try:
            await self._writing.run(disk.claim)
            found = await self._writing.run(disk.load, IMAGE_COPIES.whole)
        except (OSError, InUseError, BusyError) as exc:
            with suppress(BusyError):
                await self._writing.run(disk.leave)
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            if not self._fault:
                log.error("no images are kept: %s: %s", self._folder, why)  # noqa: TRY400
            self._fault = f"no images are kept: {self._folder}: {why}"
            return
        self._fault = ""
        self._entries = {each.key: each for each in found}
        self._disk = disk
        self._count()

    async def _flush(self, disk: Disk) -> None:
        used, self._used = self._used, set()
        for key in used:
            await self._write(key, disk)

    def _count(self) -> None:
        self._metrics.image_store_files.set(len(self._entries))
        self._metrics.image_store_bytes.set(taken_by(self._entries.values()))
