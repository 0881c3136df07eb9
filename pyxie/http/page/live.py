"""What a screen has to tell of itself, so that those who have it open see it change."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from pyxie.events.event import Event
from pyxie.events.kind import Step
from pyxie.events.kinds import BuildChanged

FASTEST: Final = 0.1
"""Seconds between two updates of one screen: a bar moves ten times a second at most."""


class Live:
    """One screen, with the parameters that it was asked for, for all who may see the same of it.

    A region is one element of the screen with an ``id`` of its own, which is replaced whole. On the
    event loop are called, in this order: `touched` and `watched`, at each event and each second,
    so they only look things up; and `ready`, before each rendering, to gather what is rendered of.
    Then `render` is called in a thread, where nothing may be read that changes meanwhile. `regions`
    is for whoever has nothing to go on from: after a restart, or after a night's sleep.

    Attributes:
        every: Seconds from one update to the next, at least; not under `FASTEST`.
    """

    every: float = FASTEST

    def regions(self) -> frozenset[str]:
        """Return those that make up all of the screen that may change: lists, not their rows.

        What looks different depending on when it is rendered (``3 min ago``) is counted on by the
        page's script, and needs no update.
        """
        raise NotImplementedError

    def touched(self, event: Event) -> frozenset[str]:  # noqa: ARG002  (for those that do)
        """Return the regions that look different after an event, also one of progress."""
        return frozenset()

    def watched(self) -> Mapping[str, Hashable]:
        """Return, by region, what it shows that may change without an event.

        Each second it is compared with what it was, by ``==``: give what tells that there is
        something new, as the snapshot of machines itself, or a count; not the thing in full.
        """
        return {}

    def said(self, event: Event) -> str | None:
        """Return what who cannot see the screen is told of an event; None for nothing.

        They hear one sentence in five seconds at most, the newest.
        """
        if event.host is None:
            return None
        if isinstance(event.what, BuildChanged) or event.step is Step.TROUBLE:
            return f"{event.host}: {event.text}"
        return None

    async def ready(self, regions: frozenset[str]) -> None:
        """Gather what these are rendered of: copies, or what is never changed."""

    def render(self, regions: frozenset[str], who: Any) -> Mapping[str, str]:
        """Return the HTML of these, in a thread; without those that are there no more.

        Later ones are put in place later. That of a list that has lost a row is the list's.

        Args:
            regions: What was touched, or `regions`.
            who: A `pyxie.http.page.viewer.Viewer`, of whom only what they may do counts.
        """
        raise NotImplementedError
