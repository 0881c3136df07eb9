"""What the screen Images is made of: gathered on the event loop, put together in a thread."""

from __future__ import annotations

import time
from dataclasses import dataclass

from aiohttp import web

from pyxie.http.page.copiesview import Chosen, Copies, copies
from pyxie.http.page.imagesknown import coming, media
from pyxie.http.page.imagesview import (
    Coming,
    ComingRow,
    Store,
    System,
    Systems,
    coming_rows,
    store_of,
    system_rows,
    systems_found,
)
from pyxie.http.page.mediaview import Image, MediumRow, medium_rows
from pyxie.http.page.systemsknown import systems
from pyxie.http.parts import IMAGE_STORE, MACHINES, MEDIA, MEDIA_FETCHES, PREFETCHES, SETTINGS
from pyxie.imagestore.entry import Entry
from pyxie.registry.define import Common


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known.

    Attributes:
        kept: All copies.
        shared: The recipes, and what goes with them.
        unread: Why no recipe could be read, with its place; empty if they could.
        on_its_way: Files.
        lying: ISO images.
        most: Bytes that the store may take.
        free: Bytes that its disk has left; None where that is not known.
        problem: What is wrong with the store.
        now: Seconds since the epoch.
    """

    kept: tuple[Entry, ...]
    shared: Common
    unread: str
    on_its_way: tuple[Coming, ...]
    lying: tuple[Image, ...]
    most: int
    free: int | None
    problem: str
    now: float

    def store(self) -> Store:
        """Return how the store stands."""
        return store_of(self.kept, self.most, self.free, self.problem)

    def coming(self) -> tuple[ComingRow, ...]:
        """Return what is on its way."""
        return coming_rows(self.on_its_way)

    def known(self) -> tuple[System, ...]:
        """Return which systems there are; their recipes are put together for it."""
        return systems(self.shared)

    def systems(self, find: str, known: tuple[System, ...] | None = None) -> Systems:
        """Return how systems stand; of those that are known, if that was asked before."""
        kept = {each.key: each for each in self.kept}
        known = self.known() if known is None else known
        return systems_found(system_rows(known, kept, self.on_its_way, self.now), find)

    def media(self) -> tuple[MediumRow, ...]:
        """Return the ISO images."""
        return medium_rows(self.lying)

    def copies(self, chosen: Chosen, known: tuple[System, ...]) -> Copies:
        """Return a page of the copies, with the systems that name them."""
        return copies(self.kept, known, chosen, self.now)


async def images_facts(app: web.Application) -> Facts:
    """Return what is known now."""
    store = app[IMAGE_STORE]
    free = await store.cache.free()
    registry = app[MACHINES]()
    blind = registry.problems if registry.blind else ()
    return Facts(
        kept=tuple(store.cache.entries()),
        shared=registry.shared,
        unread=str(blind[0]) if blind else "",
        on_its_way=coming(app[PREFETCHES].all(), store.fetching()),
        lying=media(app[MEDIA].all(), app[MEDIA_FETCHES].all()),
        most=app[SETTINGS]().image_store.size,
        free=free,
        problem=store.problem,
        now=time.time(),
    )
