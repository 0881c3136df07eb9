"""Images that are fetched from other servers, into the folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, TypeAlias

from pyxie.bounds import MEDIA_FETCHES
from pyxie.errors import BusyError, PyxieError
from pyxie.media.incoming import Incoming
from pyxie.service import WhenAsked, end_all
from pyxie.threads import Pool

log = logging.getLogger(__name__)

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Takes what has come."""
Get: TypeAlias = Callable[[str, Write, Callable[[int, int | None], None]], Awaitable[None]]
"""Fetches a URL: told where it is, what takes its bytes, and who is told how far it has come."""

_KEPT: Final = 16
"""Fetches that have failed, of which it is told why."""


@dataclass(slots=True)
class Fetch:
    """One of them.

    Attributes:
        name: What the image is to be called.
        url: Where it is.
        there: Bytes that have come.
        size: Bytes of all; None while that is not known.
        why: Why it has failed; empty while it goes on.
    """

    name: str
    url: str
    there: int = 0
    size: int | None = None
    why: str = ""

    def moved(self, there: int, size: int | None) -> None:
        """Note how far it has come."""
        self.there, self.size = there, size

    def failed(self, why: str) -> None:
        """Note that it has failed; it is logged."""
        self.why = why
        log.warning("the image %s %s", self.name, why)


class Fetches(WhenAsked):
    """A `pyxie.service.Service` that fetches images, some at a time.

    Args:
        folder: The folder of now.
        get: Fetches.
        pool: Threads of the folder.
        came: Told of an image that is there.
    """

    name = "media fetches"

    def __init__(
        self,
        folder: Callable[[], Path],
        get: Get,
        pool: Pool,
        came: Callable[[Path], None],
    ) -> None:
        self._folder = folder
        self._get = get
        self._pool = pool
        self._came = came
        self._known: dict[str, Fetch] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await end_all(self._running.values())

    def all(self) -> list[Fetch]:
        """Return those that go on, and the last that have failed."""
        return list(self._known.values())

    def get(self, name: str) -> Fetch | None:
        """Return that of a name, if there is one."""
        return self._known.get(name)

    def begin(self, name: str, url: str) -> None:
        """Begin to fetch an image.

        Args:
            name: What it is to be called.
            url: Where it is.

        Raises:
            FileExistsError: One of that name is on its way.
            BusyError: As many are fetched as may be.
        """
        if name in self._running:
            raise FileExistsError(name)
        if len(self._running) >= MEDIA_FETCHES.whole:
            MEDIA_FETCHES.reached()
            raise BusyError("images", f"{len(self._running)} are fetched already; try again")
        fetch = Fetch(name, url)
        self._running[name] = task = asyncio.create_task(self._run(fetch), name=f"fetch {name}")
        self._known.pop(name, None)
        self._known[name] = fetch
        task.add_done_callback(lambda _: self._ended(fetch))

    def _ended(self, fetch: Fetch) -> None:
        self._running.pop(fetch.name, None)
        if not fetch.why:
            self._known.pop(fetch.name, None)
        failed = [each.name for each in self._known.values() if each.why]
        for name in failed[:-_KEPT]:
            del self._known[name]

    async def _run(self, fetch: Fetch) -> None:
        try:
            incoming = await self._pool.run(Incoming, self._folder(), fetch.name)
            try:

                async def write(data: bytes) -> None:
                    await self._pool.run(incoming.write, data)

                await self._get(fetch.url, write, fetch.moved)
                path = await self._pool.run(incoming.finish)
            finally:
                await self._pool.run(incoming.close)
            self._came(path)
        except FileExistsError:
            fetch.failed(f"{fetch.name}.iso is in the folder 'isos' already")
        except (PyxieError, OSError) as exc:
            said = exc.strerror if isinstance(exc, OSError) else exc
            fetch.failed(f"could not be fetched: {said}")
