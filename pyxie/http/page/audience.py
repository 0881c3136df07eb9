"""Those who have a screen open: what changes on it is rendered once for all of them, and sent.

While nobody looks nothing is followed, rendered or compared. While somebody does, it is done ten
times a second at most, in a thread of its own, and more seldom the longer it takes: what boots has
the processor first.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from pyxie.bounds import PAGE_LINGERS, PAGES
from pyxie.errors import BusyError
from pyxie.events.event import Event
from pyxie.events.trace import Trace
from pyxie.http.page.hub import Hub, Numbers, Work
from pyxie.http.page.live import FASTEST, Live
from pyxie.http.page.serverevents import Place
from pyxie.http.page.show import Show
from pyxie.rate import Once
from pyxie.service import WhenAsked, end_all
from pyxie.threads import Pool

log = logging.getLogger(__name__)

Name: TypeAlias = tuple[Hashable, ...]
"""Of what is shown: the screen, its parameters, and what those may do who look."""

_WATCHED: Final = 1.0
"""Seconds between two looks at what changes without an event."""
_FAILED: Final = 5.0
"""Seconds after which is tried again what could not be rendered."""
_ROWS: Final = 2
"""Of a list that are rendered at once."""
_REST: Final = 6.0
"""After some work so many times as long nothing is done, for all screens together."""
_LONGEST_REST: Final = 0.5
"""Seconds; a database may have made it wait."""
_SENT: Final = 0.2
"""Seconds of work after which pages are given what is ready."""
_TURN: Final = 0.0005
"""Seconds in which events are looked at before others have the event loop."""


class Audience(WhenAsked):
    """A `pyxie.service.Service` for as many open pages as `PAGES` has.

    Args:
        trace: Whose events change screens.
        pool: The threads in which they are rendered.
        lingers: Seconds for which is kept what changes on a screen that was left, for whoever
            comes back to it.
    """

    name = "page"

    def __init__(self, trace: Trace, pool: Pool, *, lingers: float = PAGE_LINGERS.most) -> None:
        self._trace = trace
        self._pool = pool
        self._lingers = lingers
        self._numbers = Numbers(secrets.token_hex(4))
        self._shows: dict[Name, Show] = {}
        self._pages = 0
        self._showing: asyncio.Task[None] | None = None
        self._ending = False
        self._said = Once()

    @property
    def place(self) -> Place:
        """Where a page stands that is made of what there is now."""
        return self._numbers.place

    @property
    def pages(self) -> int:
        """How many are open."""
        return self._pages

    async def drain(self) -> None:
        """Leave the pages, which come back by themselves."""
        self._ending = True
        for show in self._shows.values():
            await show.wake()
        if self._showing is not None:
            await end_all([self._showing])

    @contextmanager
    def seat(self, name: Name, live: Live, who: Any) -> Iterator[Show]:
        """Have a place, for as long as a page is open.

        Args:
            name: What is shown. One who shows the same is given the same.
            live: That, if nobody else looks at it already.
            who: As for `Live.render`.

        Raises:
            BusyError: There are too many.
        """
        if self._pages >= PAGES.whole:
            PAGES.reached()
            raise BusyError("the page", f"{PAGES.whole} are open already")
        show = self._shows.get(name) or self._begun(name, live, who)
        show.enter()
        self._pages += 1
        if self._showing is None or self._showing.done():
            self._showing = asyncio.create_task(self._show_all(), name="open pages")
        try:
            yield show
        finally:
            show.leave()
            self._pages -= 1

    async def changes(self, show: Show, since: Place | None) -> AsyncGenerator[bytes]:
        """Yield what a page is to be sent, each time it has taken what was before; until the end.

        Args:
            show: Its place.
            since: Where the page stands; None if it has nothing to go on from.
        """
        number = -1
        if since is not None and since.epoch == self._numbers.epoch:
            number = since.number
        while not self._ending:
            more = show.more(number)
            if more is not None:
                number = show.hub.number
            if more := more or await show.changed():
                yield more

    def _begun(self, name: Name, live: Live, who: Any) -> Show:
        for left in [of for of, each in self._shows.items() if not each.pages]:
            if len(self._shows) >= PAGES.whole:
                del self._shows[left]
        hub = Hub(self._numbers, max(live.every, FASTEST))
        show = self._shows[name] = Show(live, who, hub)
        return show

    async def _show_all(self) -> None:
        loop = asyncio.get_running_loop()
        watch = loop.time() + _WATCHED
        with self._trace.follow(progress=True) as events:
            while self._shows:
                await asyncio.sleep(FASTEST)
                if loop.time() >= watch:
                    watch = loop.time() + _WATCHED
                    await self._watch(loop.time())
                for show in tuple(self._shows.values()):
                    await self._note(events, loop.time())
                    await self._advance(show)

    async def _note(self, events: asyncio.Queue[Event], now: float) -> None:
        """Find out what of the screens the events change that came since the last time."""
        is_full = events.full()  # the oldest may have been left out
        came = [events.get_nowait() for _ in range(events.qsize())]
        async for event, show in _in_turns(came, self._shows):
            try:
                show.hub.touch(show.live.touched(event))
                if (said := show.live.said(event)) is not None:
                    show.hub.say(said, now)
            except Exception as exc:  # noqa: BLE001 - of one screen
                self._failed(show, exc)
        if is_full:
            for show in self._shows.values():
                show.hub.lose()

    async def _watch(self, now: float) -> None:
        """Find out what has changed without an event, and which screens nobody comes back to."""
        for name, show in tuple(self._shows.items()):
            if not show.pages and now - show.left >= self._lingers:
                PAGE_LINGERS.reached()
                del self._shows[name]
            elif show.pages:
                try:
                    show.look()
                except Exception as exc:  # noqa: BLE001 - of one screen
                    self._failed(show, exc)
                await asyncio.sleep(0)

    def _failed(self, show: Show, exc: Exception) -> None:
        if self._said.news(type(show.live).__name__, asyncio.get_running_loop().time()):
            if isinstance(exc, BusyError):
                log.warning("what changes on the page is not shown for a moment: %s", exc)
            else:
                log.error("a bug: what changes on the page is not shown", exc_info=exc)

    async def _advance(self, show: Show) -> None:
        """Render what of a screen is to be rendered, if somebody looks, and have it sent."""
        if not show.pages:
            return
        loop = asyncio.get_running_loop()
        if show.hub.speak(loop.time()):
            await show.wake()
        work = show.hub.take(loop.time())
        if work is None:
            return
        try:
            spent = await self._render(show, work)
        except Exception as exc:  # noqa: BLE001 - of one screen
            self._failed(show, exc)
            show.hub.again(work, loop.time() + _FAILED)
        else:
            show.hub.took(spent, loop.time())

    async def _render(self, show: Show, work: Work) -> float:
        """Render in small pieces, with rests between, and send; return the seconds of work."""
        loop = asyncio.get_running_loop()
        lists = show.live.regions()
        whole = lists if work.whole else frozenset[str]()
        pieces = _pieces((work.regions & lists) | whole, sorted(work.regions - lists))
        made: dict[str, str] = {}
        all_of_it: dict[str, str] = {}
        spent, sent = 0.0, loop.time()
        for piece in pieces:
            began = loop.time()
            await show.live.ready(piece)
            found = await self._pool.run(show.live.render, piece, show.who)
            took = loop.time() - began
            spent += took
            made |= {name: html for name, html in found.items() if name in work.regions}
            all_of_it |= {name: html for name, html in found.items() if name in whole}
            if loop.time() - sent >= _SENT and show.hub.made(made):
                made, sent = {}, loop.time()
                await show.wake()
            await asyncio.sleep(min(took * _REST, _LONGEST_REST))
        show.hub.made(made, all_of_it if work.whole else None)
        await show.wake()
        return spent


def _pieces(lists: frozenset[str], rows: Sequence[str]) -> list[frozenset[str]]:
    """Return the lists together, for they rest on the same, and then rows, a few at a time."""
    few = [frozenset(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)]
    return [lists, *few] if lists else few


async def _in_turns(
    events: Sequence[Event], shows: Mapping[Name, Show]
) -> AsyncGenerator[tuple[Event, Show]]:
    """Yield each event for each screen; others have the event loop all the while."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _TURN
    for event in events:
        for show in tuple(shows.values()):
            yield event, show
            if loop.time() >= until:
                await asyncio.sleep(0)
                until = loop.time() + _TURN
