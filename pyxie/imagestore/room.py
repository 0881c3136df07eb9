"""Room for the next file: on the disk and by the settings, beside what is kept and on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from pyxie.bounds import IMAGE_COPIES, IMAGE_PARTS, IMAGE_SPARE
from pyxie.errors import BusyError
from pyxie.images.upstream import UpstreamError
from pyxie.imagestore.entry import Entry
from pyxie.imagestore.growth import Growth, UncachedError
from pyxie.imagestore.imagecache import ImageCache
from pyxie.imagestore.needed import Needs
from pyxie.imagestore.ondisk import Disk
from pyxie.imagestore.policy import leaving, taken_by
from pyxie.metrics import Metrics


class Room:
    """Makes room, and keeps what was broken off to what there is.

    Args:
        cache: What is kept, and may have to go.
        growing: What is on its way, by its keys.
        metrics: Counters.
        spare: Bytes of the disk that are left to others.
    """

    def __init__(
        self, cache: ImageCache, growing: Mapping[str, Growth], metrics: Metrics, spare: int
    ) -> None:
        self.spare = spare
        self._cache = cache
        self._growing = growing
        self._metrics = metrics
        self._one = asyncio.Lock()

    async def make(self, growth: Growth, size: int) -> None:
        """Make room for so many bytes of a file in all; raises UncachedError."""
        disk = self._cache.disk
        if disk is None:
            raise UncachedError("pyxie is stopping")
        async with self._one:
            most = self._cache.size
            if size > most:
                raise UncachedError(f"is larger than 'image_store.size', {most} bytes, allows")
            try:
                free = await self._cache.writing.run(disk.free)
                if free - self.spare < size:
                    await self._cache.writing.run(disk.leftovers, frozenset(self._growing))
                    free = await self._cache.writing.run(disk.free)
            except (OSError, BusyError) as exc:
                raise UncachedError(f"cannot be kept: {exc}") from exc
            needed = await self._cache.needed() if self._surplus(growth, size, free) else {}
            await self._cache.remove(self._make_room(growth, size, free, needed), disk)

    async def left(self, key: str, growth: Growth, disk: Disk) -> None:
        """Keep of what was broken off what is of use, and no more than there is room for."""
        others = sum(each.reserved for each in self._others(growth))
        room = max(0, self._cache.size - self._cache.taken - others)
        busy = frozenset(self._growing)
        with suppress(OSError, BusyError):
            if isinstance(growth.error, UpstreamError):
                most = IMAGE_PARTS.whole
                if await self._cache.writing.run(disk.left, key, busy, room, most):
                    IMAGE_PARTS.reached()
            else:
                await self._cache.writing.run(disk.drop, key)

    def _make_room(self, growth: Growth, size: int, free: int, needed: Needs) -> list[Entry]:
        """Return what has to go; raises UncachedError if that is not enough."""
        entries = self._cache.entries()
        most = taken_by(entries) - self._surplus(growth, size, free)
        gone = list(
            leaving(entries, self._cache.kept_digests(needed), most, IMAGE_COPIES.whole - 1)
        )
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
        others = self._others(growth)
        reserved = sum(each.reserved for each in others)
        to_come = sum(max(0, each.reserved - each.written) for each in others)
        by_setting = self._cache.taken + reserved + size - self._cache.size
        by_disk = size - growth.written + to_come + self.spare - free
        return max(0, by_setting, by_disk)

    def _others(self, growth: Growth) -> list[Growth]:
        return [each for each in self._growing.values() if each is not growth]
