"""What changes on the screen Health while it is open."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from typing import Any, Final

from aiohttp import web

from pyxie.http.page.frame import region
from pyxie.http.page.healthfacts import Screen, health_facts
from pyxie.http.page.live import Live
from pyxie.http.parts import (
    BOUND_WATCH,
    BUILDS,
    IMAGE_STORE,
    INTERFACES,
    LOADERS,
    MACHINES,
    OTHERS,
    SETTINGS,
    STATE,
)

REGIONS: Final = {
    f"health-{part}": f"_health_{part}.html.j2"
    for part in ("problems", "services", "nics", "servers", "loaders", "disks", "limits")
}
"""What changes while one looks, by the ``id`` of its element."""
_DISKS: Final = 30.0
"""Seconds between looks at the disks."""


class HealthLive(Live):
    """Of the screen Health: nothing of it moves, so it is looked at every other second.

    Args:
        app: Whose parts are looked at.
    """

    every = 2.0

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._view: Screen | None = None

    def regions(self) -> frozenset[str]:
        """Return all that may change."""
        return frozenset(REGIONS)

    def watched(self) -> Mapping[str, Hashable]:
        """Return what tells that there is something new."""
        app = self._app
        wrong = app[STATE].problem, app[BUILDS].problem, app[IMAGE_STORE].problem
        settings, loaders = app[SETTINGS], id(app[LOADERS].catalogue)
        return {
            "health-problems": (wrong, settings.problems, id(app[MACHINES]()), loaders),
            "health-services": (wrong, app[BUILDS].unsaved, id(settings())),
            "health-nics": app[INTERFACES](),
            "health-servers": tuple((each.server, each.moment) for each in app[OTHERS].servers()),
            "health-loaders": loaders,
            "health-disks": int(time.monotonic() / _DISKS),
            "health-limits": tuple(
                (each.bound.name, each.bound.times) for each in app[BOUND_WATCH].reached()
            ),
        }

    async def ready(self, regions: frozenset[str]) -> None:
        """Gather what these are made of."""
        self._view = await health_facts(self._app, regions)

    def render(self, regions: frozenset[str], who: Any) -> Mapping[str, str]:
        """Return how these look."""
        if self._view is None:
            return {}
        names = {"view": self._view}
        return {
            name: region(template, who, names, oob=True)
            for name, template in REGIONS.items()
            if name in regions
        }
