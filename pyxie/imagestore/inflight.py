"""What is on its way to the store: one fetch of each file, for all who ask for it.

A fetch is a task of the store's and no client's: whoever asks first may leave.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from pyxie.bounded import note
from pyxie.bounds import IMAGE_COPIES, IMAGE_FETCHES
from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.images.spec import Upstream
from pyxie.imagestore.entry import Entry
from pyxie.imagestore.fetching import Fetching, Means
from pyxie.imagestore.growth import CancelledFetchError, Growth, UncachedError
from pyxie.imagestore.imagecache import HeldError, ImageCache
from pyxie.imagestore.ondisk import Disk
from pyxie.imagestore.room import Room
from pyxie.imagestore.trust import Askable
from pyxie.metrics import Metrics
from pyxie.urls import shown
from pyxie.verification.faults import VerificationError

log = logging.getLogger(__name__)

_REFUSED: Final = 60.0
"""Seconds in which what could not be kept is not tried again."""
_TOLD: Final = 300.0
"""Seconds in which health tells of it."""
_PATIENT: Final = 30.0
"""Seconds after which a fetch that brings less than this makes room for another."""
_SLOW: Final = 4000
"""Bytes a second."""


class InFlight:
    """Fetches that are under way.

    Args:
        cache: Keeps what has come whole.
        means: What a fetch is done with, but for the folder and the room.
        metrics: Counters.
        clock: Seconds since the epoch.
        spare: Bytes of the disk that are left to others.

    Attributes:
        room: For the files that are fetched.
    """

    def __init__(
        self,
        cache: ImageCache,
        means: partial[Means],
        metrics: Metrics,
        clock: Callable[[], float],
        spare: int,
    ) -> None:
        self._growing: dict[str, Growth] = {}
        self.room = Room(cache, self._growing, metrics, spare)
        self._cache = cache
        self._means = means
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: dict[str, tuple[float, str]] = {}

    @property
    def problem(self) -> str:
        """What could not be kept lately, in a sentence; empty if nothing."""
        if not self._refused:
            return ""
        since, why = next(reversed(self._refused.values()))
        recently = 0 <= self._clock() - since < _TOLD
        return f"an image was not kept: {why}" if recently else ""

    def refused(self, key: str) -> str | None:
        """Return why a file could not be kept when that was tried last; None if it could."""
        known = self._refused.get(key)
        return known[1] if known is not None else None

    def growths(self) -> list[Growth]:
        """Return what is on its way."""
        return list(self._growing.values())

    def cancel(self, key: str) -> str:
        """End a fetch of which nobody is given anything, and keep nothing of it; return its URL.

        Raises:
            NotServedError: It is not fetched.
            HeldError: Somebody is given it, as a machine that boots it.
        """
        growth = self._growing.get(key)
        if growth is None or growth.error is not None:
            raise NotServedError(key, "is not being fetched")
        if growth.readers:
            raise HeldError("a machine is being sent it as it comes")
        log.info("image store: the fetch of %s was cancelled", growth.url)
        growth.end(CancelledFetchError())
        return growth.url

    def get(self, key: str) -> Growth | None:
        """Return what is on its way of a file; None if it is not fetched."""
        return self._growing.get(key)

    async def stop(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def begin(self, key: str, source: Upstream, asked: Askable) -> Growth:
        """Begin to fetch a file.

        Args:
            key: Of the file.
            source: The file, as it is kept.
            asked: Where it is to be had.

        Raises:
            UncachedError: It could not be kept.
            PyxieError: It is not to be had.
        """
        if asked.nowhere is not None:
            raise asked.nowhere
        disk = self._cache.disk
        if disk is None:
            raise UncachedError(self._cache.fault or "pyxie is stopping", is_meant=True)
        since, why = self._refused.get(key, (-_REFUSED, ""))
        if 0 <= self._clock() - since < _REFUSED:
            raise UncachedError(why)
        loop = asyncio.get_running_loop()
        if len(self._growing) >= IMAGE_FETCHES.most:
            IMAGE_FETCHES.reached()
            if not self._displaces(loop.time()):
                raise UncachedError(f"{len(self._growing)} files are being fetched already")
        growth = self._growing[key] = Growth(shown(source.url), loop.time(), key)
        for each in asked.passed:
            growth.pass_over(each)
        task = loop.create_task(self._fetch(key, asked.source, growth, disk))
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
        means = self._means(disk=disk, room=self.room.make)
        fetching = Fetching(key, source, growth, means, self._cache.get(key))
        try:
            is_new = await fetching.run()
            now = self._clock()
            if not is_new:
                await self._cache.checked(key, now, disk)
                growth.same()
                await self.room.left(key, growth, disk)
                return
            await self._landed(key, growth, fetching.verified, now, disk)
        except UncachedError as exc:
            note(self._refused, key, (self._clock(), str(exc)), IMAGE_COPIES.whole)
            log.warning("image store: %s is not kept: %s", growth.url, exc)
            growth.fail(exc)
            with suppress(OSError, BusyError):
                await self._cache.writing.run(disk.drop, key)
        except VerificationError as exc:
            log.error("image store: %s is not kept: %s", growth.url, exc.why)  # noqa: TRY400
            growth.fail(exc)
            with suppress(OSError, BusyError):
                await self._cache.writing.run(disk.drop, key)
        except PyxieError as exc:
            self._cache.failed(key)
            growth.fail(exc)
            await self.room.left(key, growth, disk)
        except asyncio.CancelledError:
            if growth.error is None:
                growth.fail(UncachedError("pyxie is stopping"))
            if isinstance(growth.error, CancelledFetchError):
                with suppress(OSError, BusyError):
                    await self._cache.writing.run(disk.drop, key)
            raise
        except Exception as exc:
            log.exception("image store: %s", growth.url)
            growth.fail(UncachedError(type(exc).__name__))
        finally:
            del self._growing[key]
            growth.over()

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
            await self._cache.land(entry, file, disk)
        except (OSError, BusyError) as exc:
            why = getattr(exc, "strerror", None) or str(exc)
            note(self._refused, key, (now, f"cannot be kept: {why}"), IMAGE_COPIES.whole)
            log.warning("image store: %s is not kept: %s", growth.url, why)
