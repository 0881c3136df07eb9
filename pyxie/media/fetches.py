"""Images that are fetched from other servers, into the folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, TypeAlias

from pyxie.bounds import MEDIA_FETCHES, MEDIA_TRIES
from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.media.incoming import Incoming
from pyxie.media.wishes import Wishes
from pyxie.service import WhenAsked, end_all
from pyxie.threads import Pool

log = logging.getLogger(__name__)

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Takes what has come."""
Get: TypeAlias = Callable[[str, Write, Callable[[int, int | None], None]], Awaitable[None]]
"""Fetches a URL: told where it is, what takes its bytes, and who is told how far it has come."""

MayPass: TypeAlias = Callable[[Exception], bool]
"""Tells whether what kept a fetch from its end may be over in a while."""

_KEPT: Final = 16
"""Fetches that have failed, of which it is told why."""
_WAITS: Final = (5.0, 15.0, 60.0, 300.0)
"""Seconds before another try, the last of them again and again."""


@dataclass(slots=True)
class Fetch:
    """One of them.

    Attributes:
        name: What the image is to be called.
        url: Where it is.
        there: Bytes that have come.
        size: Bytes of all; None while that is not known.
        why: Why it has failed; empty while it goes on.
        waits: Why it waits for another try; empty while it does not.
        resumed: Whether it was asked for before this process began.
        noted: Whether it is known, or not to be had, that it goes on after a restart.
        cancelled: Whether nobody wants it any more.
    """

    name: str
    url: str
    there: int = 0
    size: int | None = None
    why: str = ""
    waits: str = ""
    resumed: bool = False
    noted: bool = False
    cancelled: bool = False
    _most: int = 0

    def moved(self, there: int, size: int | None) -> None:
        """Note how far it has come."""
        self.there, self.size, self.waits = there, size, ""

    @property
    def has_begun(self) -> bool:
        """Whether it is worth another try: what gave nothing at all may be a slip in its URL."""
        return self.resumed or self._most > 0

    def brought(self) -> bool:
        """Tell whether it has come further than when this was asked before."""
        before, self._most = self._most, max(self._most, self.there)
        return self._most > before

    def pauses(self, why: str) -> None:
        """Note why it waits for another try; it is logged."""
        self.waits = why
        log.warning("the image %s is fetched on later: %s", self.name, why)

    def is_noted(self) -> None:
        """Note that the next process would go on with it."""
        self.noted = True

    def cancel(self) -> None:
        """Note that nobody wants it any more; it is logged."""
        self.cancelled = True
        log.info("the fetch of the image %s was cancelled", self.name)

    def failed(self, why: str) -> None:
        """Note that it has failed; it is logged."""
        self.why, self.waits = why, ""
        log.warning("the image %s %s", self.name, why)


class Fetches(WhenAsked):
    """A `pyxie.service.Service` that fetches images, some at a time.

    What breaks off is tried again, and goes on after a restart of pyxie.

    Args:
        folder: The folder of now.
        get: Fetches.
        pool: Threads of the folder.
        came: Told of an image that is there.
        wishes: Keeps what is to be fetched.
        may_pass: Tells what is worth another try.
        drop: Ends what is fetched of a URL that nobody wants any more.
        waits: Seconds before another try, the last of them again and again.
    """

    name = "media fetches"

    def __init__(
        self,
        folder: Callable[[], Path],
        get: Get,
        pool: Pool,
        came: Callable[[Path], Awaitable[None]],
        wishes: Wishes,
        may_pass: MayPass,
        *,
        drop: Callable[[str], None] = lambda _url: None,
        waits: Sequence[float] = _WAITS,
    ) -> None:
        self._folder = folder
        self._get = get
        self._pool = pool
        self._came = came
        self._wishes = wishes
        self._may_pass = may_pass
        self._drop = drop
        self._waits = waits
        self._known: dict[str, Fetch] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await end_all(self._running.values())

    async def serve(self) -> None:
        """Go on with what a process before was asked for, and wait to be cancelled."""
        await self.resume()
        await super().serve()

    async def resume(self) -> None:
        """Begin what a process before has not come to an end with."""
        try:
            waiting = await self._pool.run(self._wishes.all)
        except BusyError as exc:
            log.warning("images that were asked for before are not fetched: %s", exc)
            return
        for name, url in waiting:
            while len(running := self._running.values()) >= MEDIA_FETCHES.whole:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            with suppress(FileExistsError):  # somebody has asked for it anew
                self.begin(name, url, resumed=True)

    def all(self) -> list[Fetch]:
        """Return those that go on, and the last that have failed."""
        return list(self._known.values())

    def get(self, name: str) -> Fetch | None:
        """Return that of a name, if there is one."""
        return self._known.get(name)

    def begin(self, name: str, url: str, *, resumed: bool = False) -> None:
        """Begin to fetch an image; nothing, if the same is on its way.

        Args:
            name: What it is to be called.
            url: Where it is.
            resumed: It was asked for before this process began.

        Raises:
            FileExistsError: Another of that name is on its way.
            BusyError: As many are fetched as may be.
        """
        if name in self._running:
            if self._known[name].url == url:
                return
            raise FileExistsError(name)
        if len(self._running) >= MEDIA_FETCHES.whole:
            MEDIA_FETCHES.reached()
            raise BusyError("images", f"{len(self._running)} are fetched already; try again")
        fetch = Fetch(name, url, resumed=resumed)
        self._running[name] = task = asyncio.create_task(self._run(fetch), name=f"fetch {name}")
        self._known.pop(name, None)
        self._known[name] = fetch
        task.add_done_callback(lambda _: self._ended(fetch))

    async def cancel(self, name: str) -> str:
        """End a fetch for good, and remove what has come of it; return where it is from.

        Raises:
            NotServedError: None of that name goes on.
        """
        task, fetch = self._running.get(name), self._known.get(name)
        if task is None or fetch is None:
            raise NotServedError(name, "is not being fetched")
        fetch.cancel()
        if fetch.noted:  # else it ends by itself once it is, or it might be noted after its end
            task.cancel()
        await asyncio.wait((task,))
        self._drop(fetch.url)
        return fetch.url

    def forget(self, name: str) -> None:
        """Tell no more of a fetch that has failed; nothing, if none of that name has."""
        if name not in self._running:
            self._known.pop(name, None)

    def _ended(self, fetch: Fetch) -> None:
        self._running.pop(fetch.name, None)
        if not fetch.why:
            self._known.pop(fetch.name, None)
        failed = [each.name for each in self._known.values() if each.why]
        for name in failed[:-_KEPT]:
            del self._known[name]

    async def _run(self, fetch: Fetch) -> None:
        try:
            await self._fetched(fetch)
        except asyncio.CancelledError:
            if fetch.cancelled:  # else pyxie is stopping, and goes on with it
                with suppress(BusyError):
                    await self._pool.run(self._wishes.drop, fetch.name)
            raise

    async def _fetched(self, fetch: Fetch) -> None:
        try:
            await self._pool.run(self._wishes.keep, fetch.name, fetch.url)
        except (BusyError, OSError) as exc:
            log.warning("the image %s is not fetched on after a restart: %s", fetch.name, exc)
        fetch.is_noted()
        if fetch.cancelled:
            raise asyncio.CancelledError
        why = ""
        try:
            await self._tried(fetch)
        except FileExistsError:
            why = f"{fetch.name}.iso is in the folder 'isos' already"
        except (PyxieError, OSError) as exc:
            why = f"could not be fetched: {_said(exc)}"
        with suppress(BusyError):
            await self._pool.run(self._wishes.drop, fetch.name)
        if why:
            fetch.failed(why)

    async def _tried(self, fetch: Fetch) -> None:
        """Fetch it, in as many tries as that takes; raises what the last of them has."""
        tries = 0
        while True:
            try:
                await self._once(fetch)
            except (PyxieError, OSError) as exc:
                tries = 1 if fetch.brought() else tries + 1
                if not (self._may_pass(exc) and fetch.has_begun):
                    raise
                if tries >= MEDIA_TRIES.whole:
                    MEDIA_TRIES.reached()
                    raise
                wait = self._waits[min(tries, len(self._waits)) - 1]
                fetch.pauses(f"{_said(exc)}; it is tried again after {wait:g} s")
                await asyncio.sleep(wait)
            else:
                return

    async def _once(self, fetch: Fetch) -> None:
        incoming = await self._pool.run(Incoming, self._folder(), fetch.name)
        try:

            async def write(data: bytes) -> None:
                await self._pool.run(incoming.write, data)

            await self._get(fetch.url, write, fetch.moved)
            path = await self._pool.run(incoming.finish)
        finally:
            await self._pool.run(incoming.close)
        await self._came(path)


def _said(error: PyxieError | OSError) -> str:
    """Return what went wrong, in words: some are errors of both kinds."""
    return str(error) if isinstance(error, PyxieError) else str(error.strerror)
