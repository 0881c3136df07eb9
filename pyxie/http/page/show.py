"""A screen that is open, with those who wait for it to change."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from typing import Any, Final

from pyxie.http.page.hub import Hub
from pyxie.http.page.live import Live
from pyxie.http.page.serverevents import BEAT

BEATS: Final = 15.0
"""Seconds after which a page is told that it is still connected."""
_AT_ONCE: Final = 2
"""Pages that are written to before others have the event loop."""


class Show:
    """One of an `pyxie.http.page.audience.Audience`.

    Attributes:
        live: The screen.
        who: As for `Live.render`.
        hub: What has changed on it.
        pages: How many show it.
        left: When the last of them left, by the event loop's clock.
    """

    def __init__(self, live: Live, who: Any, hub: Hub) -> None:
        self.live = live
        self.who = who
        self.hub = hub
        self.pages = 0
        self.left = 0.0
        self._waiting: list[asyncio.Future[None]] = []
        self._watched: Mapping[str, Hashable] = live.watched()

    def enter(self) -> None:
        """Count a page."""
        self.pages += 1

    def leave(self) -> None:
        """Count it no more."""
        self.pages -= 1
        self.left = asyncio.get_running_loop().time()

    def look(self) -> None:
        """Find out what has changed without an event."""
        before, self._watched = self._watched, self.live.watched()
        self.hub.touch(key for key, seen in self._watched.items() if before.get(key) != seen)

    def more(self, number: int) -> bytes | None:
        """Return what a page lacks that stands at ``number``; None while that is to be rendered."""
        found = self.hub.since(number)
        if found is None and (found := self.hub.whole) is None:
            self.hub.ask_whole()
        return found

    async def changed(self) -> bytes:
        """Wait until there may be more for a page; where that takes long, return a beat for it."""
        waits = asyncio.get_running_loop().create_future()
        self._waiting.append(waits)
        try:
            async with asyncio.timeout(BEATS):
                await waits
        except TimeoutError:
            return BEAT
        finally:
            if waits in self._waiting:
                self._waiting.remove(waits)
        return b""

    async def wake(self) -> None:
        """Have pages look whether there is more for them, a few in each turn of the event loop."""
        waiting, self._waiting = self._waiting, []
        for at, each in enumerate(waiting):
            if not each.done():
                each.set_result(None)
            if at % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
