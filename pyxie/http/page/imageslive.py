"""What changes on the screen Images while it is open: what is fetched, and what comes of that."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from aiohttp import web

from pyxie.events.event import Event
from pyxie.events.kinds import StoreFailed, StoreFetched, StoreProgress
from pyxie.http.page.frame import region
from pyxie.http.page.imagesfacts import Facts, images_facts
from pyxie.http.page.live import Live
from pyxie.http.parts import IMAGE_STORE, MACHINES, MEDIA, MEDIA_FETCHES, PREFETCHES

REGIONS: Final = {
    "images-store": "_images_store.html.j2",
    "images-coming": "_images_coming.html.j2",
    "images-systems": "_images_systems.html.j2",
    "images-media": "_images_media.html.j2",
}
"""What changes while one looks, by the ``id`` of its element. The list of copies stays as it was
asked for, so that no line moves away under a pointer."""


class ImagesLive(Live):
    """Of the screen Images.

    Args:
        app: Whose parts are looked at.
        find: A part of the names of the systems that are shown.
    """

    every = 0.2

    def __init__(self, app: web.Application, find: str) -> None:
        self._app = app
        self._find = find
        self._facts: Facts | None = None

    def regions(self) -> frozenset[str]:
        """Return all that may change."""
        return frozenset(REGIONS)

    def touched(self, event: Event) -> frozenset[str]:
        """Return what an event of the store changes."""
        match event.what:
            case StoreProgress():
                return frozenset(("images-coming",))
            case StoreFetched() | StoreFailed():
                return frozenset(("images-coming", "images-systems", "images-store"))
            case _:
                return frozenset()

    def watched(self) -> Mapping[str, Hashable]:
        """Return what makes no event: what machines have fetched, ISO images, pins, recipes."""
        app = self._app
        store, changes = app[IMAGE_STORE], app[IMAGE_STORE].cache.changes
        growths = tuple((each.key, each.written) for each in store.fetching())
        ahead = tuple((each.key, each.stage) for each in app[PREFETCHES].all())
        lying = tuple((each.name, each.state, each.lying.size) for each in app[MEDIA].all())
        fetched = tuple((each.name, each.there, each.why) for each in app[MEDIA_FETCHES].all())
        return {
            "images-store": (changes, store.problem),
            "images-coming": (growths, ahead),
            "images-systems": (changes, id(app[MACHINES]().shared)),
            "images-media": (lying, fetched),
        }

    def said(self, event: Event) -> str | None:
        """Return what ended, for who cannot see it."""
        return event.text if isinstance(event.what, StoreFetched | StoreFailed) else None

    async def ready(self, regions: frozenset[str]) -> None:  # noqa: ARG002  (all is at hand)
        """Gather what is known now."""
        self._facts = await images_facts(self._app)

    def render(self, regions: frozenset[str], who: Any) -> Mapping[str, str]:
        """Return how these look."""
        facts = self._facts
        if facts is None:
            return {}
        find = self._find
        return {name: rendered(name, facts, who, find) for name in REGIONS if name in regions}


def rendered(name: str, facts: Facts, who: Any, find: str) -> str:
    """Return how a region looks; in a thread.

    Args:
        name: Of the region.
        facts: What it shows.
        who: As for `Live.render`.
        find: A part of the names of the systems that are shown.
    """
    part = name.removeprefix("images-")
    shown = facts.systems(find) if part == "systems" else getattr(facts, part)()
    view = {part: shown, "unread": facts.unread}
    return region(REGIONS[name], who, {"view": view}, oob=True)
