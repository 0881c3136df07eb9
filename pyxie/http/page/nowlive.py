"""What changes on the screen Now while somebody looks."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, Final

from aiohttp import web

from pyxie.events.event import Event
from pyxie.events.kinds import BuildChanged, Diagnosed
from pyxie.http.page.bootrow import BootRow, boot_id, boot_row
from pyxie.http.page.frame import region
from pyxie.http.page.live import Live
from pyxie.http.page.nowfacts import (
    boots_listed,
    counted,
    ended,
    has_points,
    others_seen,
    points,
    seen,
    stuck_of,
)
from pyxie.http.page.nowview import paged
from pyxie.http.parts import (
    ADHOC,
    CLOCK,
    DISCOVERED,
    INDEX,
    INTERFACES,
    LOADERS,
    MACHINES,
    OTHERS,
    SETTINGS,
    STANDINGS,
    TRACE,
)
from pyxie.slices import in_slices

_LISTS: Final = ("checklist", "counts", "boots", "others", "ended")
"""Regions, each with a template of its name; in their order on the screen."""


class NowLive(Live):
    """The screen, of one page of the boots.

    A row is replaced alone, and stays where it was; the list is made anew where a build begins,
    which comes at its end.

    Args:
        app: Where everything is looked up.
        page: Which page of the boots.
        stuck: Of those that stand still alone. One that goes on stays in its place.
    """

    def __init__(self, app: web.Application, page: int, *, stuck: bool) -> None:
        self._app = app
        self._page = page
        self._stuck = stuck
        self._listed: Mapping[str, str] | None = None
        """The machines on this page, by the ids of their rows; None before anybody has looked."""
        self._others = self._others_stuck = 0
        self._others_until = math.inf
        """When one of these is to be looked at again though nothing happens."""
        self._waiting = 0
        self._views: dict[str, object] = {}
        self._rows: dict[str, BootRow] = {}

    def regions(self) -> frozenset[str]:
        """Return the lists."""
        return frozenset(_LISTS)

    def touched(self, event: Event) -> frozenset[str]:
        """Return the row of the machine, and what tells of its build."""
        host, what = event.host, event.what
        if host is None:
            # All others are seen by `watched`: anybody can make up a thousand a second.
            return frozenset({"others"} if what.passing and event.mac is not None else ())
        found = {boot_id(host)} if self._listed is None or boot_id(host) in self._listed else set()
        if event.mac is not None and self._app[ADHOC].names(event.mac):
            found.add("others")
        if has_points(self._app) and not what.passing:
            found.add("checklist")
        if isinstance(what, BuildChanged):
            found |= {"counts", "checklist"}
            found.add("boots" if what.state == "pending" and not self._stuck else "ended")
        elif isinstance(what, Diagnosed):
            found |= {"counts", *({"boots"} if self._stuck else ())}
        return frozenset(found)

    def watched(self) -> Mapping[str, Hashable]:
        """Return what tells that machines stand otherwise, or that others have come."""
        app = self._app
        found: dict[str, Hashable] = {
            "counts": (
                app[STANDINGS].stuck(app[INDEX].active_now()),
                *(len(app[DISCOVERED].macs()), self._others, self._others_stuck),
            ),
            "others": (
                *(app[TRACE].last_unknown, len(app[ADHOC])),
                app[CLOCK]() >= self._others_until,
            ),
        }
        for name, host in (self._listed or {}).items():
            found[name] = app[STANDINGS].looked_at(host)
        if has_points(app):
            registry = app[MACHINES]()
            found["checklist"] = (
                *(str(app[INTERFACES]()), app[SETTINGS]().dhcp.mode, app[TRACE].heard is None),
                *(app[OTHERS].givers(), len(app[LOADERS].by_architecture)),
                *(len(registry.machines), len(registry.problems), len(app[DISCOVERED].macs())),
            )
        return found

    async def ready(self, regions: frozenset[str]) -> None:
        """Gather what these show."""
        app, now = self._app, self._app[CLOCK]()
        views: dict[str, object] = {}
        if "boots" in regions or self._listed is None:
            kept = frozenset((self._listed or {}).values())
            builds = await boots_listed(app, stuck=self._stuck, kept=kept)
            pages = paged(len(builds), self._page, stuck=self._stuck)
            few = builds[max(0, pages.first - 1) : pages.until]
            self._listed = {boot_id(each.host): each.host for each in few}
            rows = [boot_row(seen(app, each), now) async for each in in_slices(few)]
            views["boots"] = {"rows": rows, "pages": pages}
        if "others" in regions:
            others, left_out = await others_seen(app)
            self._others, self._others_stuck = len(others) + left_out, stuck_of(others)
            untils = (each.found.until for each in others if each.found is not None)
            self._others_until = min(
                (each for each in untils if each is not None), default=math.inf
            )
            shown = [boot_row(each, now) for each in others]
            views["others"] = {"others": shown, "left_out": left_out}
        if regions & {"counts", "checklist"}:
            count = await counted(app, self._others, self._others_stuck)
            self._waiting = count.waiting
            views["counts"] = {"counted": count}
        if "checklist" in regions:
            views["checklist"] = {"checklist": points(app, self._waiting)}
        if "ended" in regions:
            views["ended"] = {"ended": await ended(app)}
        self._views = views
        self._rows = self._rows_of(regions, now)

    def _rows_of(self, regions: frozenset[str], now: float) -> dict[str, BootRow]:
        index, found = self._app[INDEX], dict[str, BootRow]()
        for name, host in (self._listed or {}).items():
            build = index.of(host) if name in regions else None
            if build is not None:
                found[name] = boot_row(seen(self._app, build), now)
        return found

    def render(self, regions: frozenset[str], who: Any) -> Mapping[str, str]:
        """Return the lists first, then the rows."""
        found: dict[str, str] = {
            name: region(f"_{name}.html.j2", who, {"view": self._views[name]}, oob=True)
            for name in _LISTS
            if name in regions
        }
        for name, row in self._rows.items():
            found[name] = region("_boot.html.j2", who, {"row": row}, oob=True)
        return found
