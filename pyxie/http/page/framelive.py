"""What changes around a screen while it is open: the mark of a broken file, on every screen."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from aiohttp import web

from pyxie.events.event import Event
from pyxie.http.page.frame import broken_files, region
from pyxie.http.page.live import Live

_MARK: Final = "nav-broken"


class FrameLive(Live):
    """A screen with its frame.

    Args:
        app: Where it is looked.
        screen: What is inside.
    """

    def __init__(self, app: web.Application, screen: Live) -> None:
        self.every = screen.every
        self._app = app
        self._screen = screen
        self._broken = 0

    def regions(self) -> frozenset[str]:
        """Return those of the screen, and the mark."""
        return self._screen.regions() | {_MARK}

    def touched(self, event: Event) -> frozenset[str]:
        """Return those of the screen: no event tells of a file."""
        return self._screen.touched(event)

    def watched(self) -> Mapping[str, Hashable]:
        """Return the screen's, and how many mistakes there are."""
        return {**self._screen.watched(), _MARK: broken_files(self._app)}

    def said(self, event: Event) -> str | None:
        """Return what the screen says."""
        return self._screen.said(event)

    async def ready(self, regions: frozenset[str]) -> None:
        """Gather what these show."""
        self._broken = broken_files(self._app)
        await self._screen.ready(regions - {_MARK})

    def render(self, regions: frozenset[str], who: Any) -> Mapping[str, str]:
        """Return the mark, and what the screen returns."""
        found = dict(self._screen.render(regions - {_MARK}, who))
        if _MARK in regions:
            found[_MARK] = region("_broken.html.j2", who, {"broken": self._broken}, oob=True)
        return found
