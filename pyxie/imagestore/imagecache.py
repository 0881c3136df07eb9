"""What the store keeps: the copies, of which one counts in memory as it does on disk.

Nothing here asks another server. What is known of the copies is in memory, and on disk for the
next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from pyxie.bounds import IMAGE_COPIES
from pyxie.config.imagestore import ImageStore as StoreSettings
from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.imagestore.entry import Entry
from pyxie.imagestore.growth import UncachedError
from pyxie.imagestore.needed import Needs
from pyxie.imagestore.ondisk import Disk, InUseError, sync
from pyxie.imagestore.policy import Revalidate, is_fresh, leaving, taken_by
from pyxie.metrics import Metrics
from pyxie.openfile import OpenFile
from pyxie.threads import Pool

log = logging.getLogger(__name__)

_PATIENCE: Final = 600.0
"""Seconds that writing may take: a whole image is made sure to be on the disk at once."""


class HeldError(PyxieError):
    """A copy is not removed, for somebody needs it; the text says who."""


class ImageCache:
    """Copies of other servers' files, whole, and what is known of them.

    Args:
        folder: Where they are kept.
        settings: Those of the store, as of now.
        metrics: Counters.
        needed: Gives the keys of what builds need, and whose builds.
        clock: Seconds since the epoch.

    Attributes:
        changes: Counts up when a copy comes, goes, is pinned or let go.
        disk: The folder, while it is ours; None else.
        fault: Why it is not, though it should be; empty if nothing is wrong.
        needed: As of the argument.
        reading: Whose threads read files.
        writing: Whose threads do what else is done in the folder.
    """

    def __init__(
        self,
        folder: Path,
        settings: Callable[[], StoreSettings],
        metrics: Metrics,
        needed: Callable[[], Awaitable[Needs]],
        clock: Callable[[], float],
    ) -> None:
        self.changes = 0
        self.disk: Disk | None = None
        self.fault = ""
        self.needed = needed
        self.reading = Pool("the image store")
        self.writing = Pool("the image store's writing", patience=_PATIENCE)
        self._folder = folder
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._failed: dict[str, float] = {}
        self._served: Counter[str] = Counter()
        self._used: set[str] = set()
        self._changing = asyncio.Lock()
        self._writes = asyncio.Lock()

    @property
    def size(self) -> int:
        """How many bytes all of them may take."""
        return self._settings().size

    @property
    def taken(self) -> int:
        """How many they take."""
        return taken_by(self._entries.values())

    async def free(self) -> int | None:
        """Return how many bytes are free on their disk; None if that is not to be had."""
        if self.disk is None:
            return None
        try:
            return await self.reading.run(self.disk.free)
        except (OSError, BusyError):
            return None

    def entries(self) -> list[Entry]:
        """Return what is known of each copy."""
        return list(self._entries.values())

    def get(self, key: str) -> Entry | None:
        """Return what is known of a copy; None if there is none."""
        return self._entries.get(key)

    async def claim(self) -> None:
        """Take the folder, unless nothing is to be kept; `fault` says why it cannot be taken."""
        if not self.size:
            return
        disk = Disk(self._folder)
        try:
            await self.writing.run(disk.claim)
            found = await self.writing.run(disk.load, IMAGE_COPIES.whole)
        except (OSError, InUseError, BusyError) as exc:
            with suppress(BusyError):
                await self.writing.run(disk.leave)
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            if not self.fault:
                log.error("no images are kept: %s: %s", self._folder, why)  # noqa: TRY400
            self.fault = f"no images are kept: {self._folder}: {why}"
            return
        self.fault = ""
        self._entries = {each.key: each for each in found}
        self.disk = disk
        self._count()

    def close(self) -> Disk | None:
        """Begin nothing more in the folder; return it, to be given back by `leave`."""
        disk, self.disk = self.disk, None
        return disk

    async def leave(self, disk: Disk) -> None:
        """Write down what was used, and give the folder back."""
        with suppress(OSError, BusyError):
            await self._flush(disk)
        with suppress(BusyError):
            await self.writing.run(disk.leave)

    async def tend(self) -> None:
        """Have on disk and in force what has changed since; raises OSError, BusyError."""
        if self.disk is None:
            await self.claim()
        if (disk := self.disk) is not None:
            await self._flush(disk)
            size = self.size
            if self.taken > size > 0:
                kept = self.kept_digests(await self.needed())
                await self.remove(
                    list(leaving(self.entries(), kept, size, IMAGE_COPIES.whole)), disk
                )

    async def _flush(self, disk: Disk) -> None:
        used, self._used = self._used, set()
        for key in used:
            await self._write(key, disk)

    def is_fresh(self, entry: Entry, revalidate: Revalidate | None) -> bool:
        """Tell whether a copy may be served without asking its server."""
        policy = revalidate or self._settings().revalidate
        return is_fresh(entry, policy, self._clock(), self._failed.get(entry.key))

    def failed(self, key: str) -> None:
        """Note that the server of a copy was asked, and did not give it."""
        if key in self._entries:
            self._failed[key] = self._clock()

    async def checked(self, key: str, now: float, disk: Disk) -> None:
        """Note that the server of a copy has nothing newer."""
        self._failed.pop(key, None)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries[key] = replace(entry, checked=now)
            with suppress(OSError, BusyError):
                await self._write(key, disk)

    @asynccontextmanager
    async def opened(self, key: str) -> AsyncIterator[tuple[Entry, OpenFile]]:
        """Give a copy, open to be read; meanwhile it stays.

        Raises:
            UncachedError: There is none any more.
        """
        entry = self._entries.get(key)
        if entry is None or self.disk is None:
            raise UncachedError("it has just been removed")
        disk, entry = self.disk, self.lend(entry)
        try:
            try:
                file = await self.reading.run(disk.open, entry.digest)
            except (OSError, NotServedError) as exc:
                self._lost(key, entry)
                raise UncachedError("its copy was removed by somebody else") from exc
            try:
                yield entry, file
            finally:
                file.close()
        finally:
            self.give_back(entry)

    def lend(self, entry: Entry) -> Entry:
        """Note that a copy is given, and stays for as long; return what is known of it then."""
        entry = self._entries[entry.key] = replace(entry, used=self._clock())
        self._used.add(entry.key)
        self._served[entry.digest] += 1
        return entry

    def give_back(self, entry: Entry) -> None:
        """Note that what was lent is of no more use to one."""
        self._served[entry.digest] -= 1
        if not self._served[entry.digest]:
            del self._served[entry.digest]

    def _lost(self, key: str, entry: Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]
        self._count()

    async def land(self, entry: Entry, file: OpenFile, disk: Disk) -> None:
        """Keep what is whole, in place of the copy from before.

        Raises:
            OSError, BusyError: It cannot be kept, or is forgotten at the next start.
        """
        key, digest = entry.key, entry.digest
        await self.writing.run(sync, file)
        async with self._changing:
            await self.writing.run(disk.land, key, digest)
            before = self._entries.get(key)
            pinned = before is not None and before.pinned
            self._entries[key] = replace(entry, pinned=pinned)
        await self._write(key, disk)
        self._failed.pop(key, None)
        self._metrics.image_store_fetched.inc(entry.size)
        self._count()
        if before is not None and before.digest != digest:
            await self._unused(before.digest, disk)

    async def pin(self, key: str, *, pinned: bool = True) -> Entry:
        """Have a copy stay until it is said otherwise; return what is known of it.

        Raises:
            NotServedError: There is no such copy.
            OSError, BusyError: It counts, but is forgotten at the next start.
        """
        entry, disk = self._entries.get(key), self.disk
        if entry is None or disk is None:
            raise NotServedError(key, "the store has no such file")
        self._entries[key] = replace(entry, pinned=pinned)
        self.changes += 1
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
        entry, disk = self._entries.get(key), self.disk
        if entry is None or disk is None:
            raise NotServedError(key, "the store has no such file")
        try:
            found = await self.writing.run(disk.digest, entry.digest)
        except (OSError, NotServedError):
            found = ""
        if found == entry.digest:
            return found
        log.error(
            "image store: the copy of %s is damaged, and removed: its SHA-256 is %s, and was %s",
            *(entry.url, found or "not to be had", entry.digest),
        )
        await self.remove([each for each in self.entries() if each.digest == entry.digest], disk)
        return found

    async def prune(self, unused: float = 0.0) -> list[Entry]:
        """Remove copies; return them. What is pinned, served or needed by a build stays.

        Args:
            unused: Seconds for which they have not been asked for.
        """
        disk = self.disk
        if disk is None:
            return []
        needed, before = await self.needed(), self._clock() - unused
        kept = self.kept_digests(needed)
        gone = [
            each
            for each in self._entries.values()
            if each.used <= before and not each.pinned and each.digest not in kept
        ]
        await self.remove(gone, disk)
        return gone

    async def discard(self, key: str) -> Entry:
        """Remove one copy; return what was known of it.

        Raises:
            NotServedError: There is no such copy.
            HeldError: It is pinned, being sent, or a machine in build mode needs it.
        """
        needed = await self.needed()
        entry, disk = self._entries.get(key), self.disk
        if entry is None or disk is None:
            raise NotServedError(key, "the store has no such file")
        if why := self._held(entry, needed):
            raise HeldError(why)
        await self.remove([entry], disk)
        return entry

    def _held(self, entry: Entry, needed: Needs) -> str:
        """Return why a copy is not to go; empty if it may."""
        if entry.pinned:
            return "it is pinned: unpin it first"
        if hosts := needed.get(entry.key):
            more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
            return f"{hosts[0]}{more} in build mode may boot it yet: cancel that first, or wait"
        if entry.digest in self._served:
            return "it is being sent just now: try again"
        return ""

    def kept_digests(self, needed: Needs) -> set[str]:
        """Return what is not removed, whoever wants room."""
        entries = self._entries.values()
        return {*self._served, *(each.digest for each in entries if each.key in needed)}

    async def remove(self, gone: list[Entry], disk: Disk) -> None:
        """Remove copies, and what of them no other one has."""
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
                await self.writing.run(disk.forget, key)

    async def _unused(self, digest: str, disk: Disk) -> None:
        """Remove a content that no copy has any more."""
        async with self._changing:  # or it might come again just now
            if not any(each.digest == digest for each in self._entries.values()):
                with suppress(OSError, BusyError):
                    await self.writing.run(disk.remove, digest)

    async def _write(self, key: str, disk: Disk) -> None:
        """Write an entry down as it is by then; raises OSError, BusyError."""
        async with self._writes:
            entry = self._entries.get(key)
            if entry is not None:
                await self.writing.run(disk.write, entry)

    def _count(self) -> None:
        self.changes += 1
        self._metrics.image_store_files.set(len(self._entries))
        self._metrics.image_store_bytes.set(self.taken)
