"""What changes on the screen Machines while one looks: states, last boots, and how many there are.

Rows stay where they are, whatever they are ordered by: nothing moves under a hand that ticks them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pyxie.events.event import Event
from pyxie.events.kind import Step
from pyxie.events.kinds import BuildChanged
from pyxie.http.page.frame import region
from pyxie.http.page.live import Live
from pyxie.http.page.machinesscreen import gathering
from pyxie.http.page.machinesview import MachinesView, Row, machines_view, row
from pyxie.http.page.machineswanted import Wanted
from pyxie.http.page.viewer import Viewer
from pyxie.http.parts import CLOCK, MACHINES, POOLS
from pyxie.http.query import query

_LIST: Final = "machines"
_STATES: Final = "machine-states"
_CELLS: Final = (("state-", "_machinestate.html.j2"), ("boot-", "_machineboot.html.j2"))
_MOST: Final = 400
"""Machines that are looked after: of a page a hundred, and those that it had before."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What is rendered next.

    Attributes:
        view: The list as it is now.
        rows: Of the machines that are looked after, by hostname.
        new: Those of them that were not before.
    """

    view: MachinesView
    rows: Mapping[str, Row]
    new: frozenset[str]


class MachinesLive(Live):
    """One page of the list.

    Args:
        request: Its query says which, as that of the screen.

    Raises:
        HTTPBadRequest: It makes no sense.
    """

    every = 0.5

    def __init__(self, request: web.Request) -> None:
        self._app = request.app
        self._wanted = query(request, Wanted)
        self._hosts: frozenset[str] = frozenset()
        self._made: _Made | None = None

    def regions(self) -> frozenset[str]:
        """Return the list."""
        return frozenset((_LIST,))

    def touched(self, event: Event) -> frozenset[str]:
        """Return what is said of a machine that is on the page; and how many there are of each.

        It is on it by now, perhaps, if it was not at the last look: then that is looked at anew.
        """
        if event.host is None or event.what.passing:
            return frozenset()
        if event.host not in self._hosts:
            return frozenset((_STATES,))
        found = {f"{cell}{event.host}" for cell, _ in _CELLS}
        if isinstance(event.what, BuildChanged) or event.step is Step.TROUBLE:
            found.add(_STATES)
        return frozenset(found)

    def watched(self) -> Mapping[str, Hashable]:
        """Return the snapshot of machines, which may have more of them."""
        return {_STATES: id(self._app[MACHINES]())}

    def said(self, event: Event) -> str | None:
        """Return what is told of the machines on the page."""
        return super().said(event) if event.host in self._hosts else None

    async def ready(self, regions: frozenset[str]) -> None:
        """Gather the list, and the rows that have changed."""
        app, now = self._app, self._app[CLOCK]()
        facts = gathering(app)
        changed = {each.partition("-")[2] for each in regions if each not in (_LIST, _STATES)}

        def made() -> tuple[MachinesView, dict[str, Row]]:
            found = facts()
            view = machines_view(found, self._wanted, now)
            rows = {each.host: each for each in view.rows}
            for host in changed - rows.keys():
                if host in found.known:
                    rows[host] = row(found, found.known[host], now)
            return view, rows

        view, rows = await app[POOLS].management.run(made)
        on_page = frozenset(each.host for each in view.rows)
        self._made = _Made(view, rows, on_page - self._hosts)
        kept = sorted(self._hosts - on_page)[: _MOST - len(on_page)]
        self._hosts = on_page.union(kept)

    def render(self, regions: frozenset[str], who: Viewer) -> Mapping[str, str]:
        """Return the list, or the cells of its rows."""
        made = self._made
        assert made is not None  # noqa: S101  (`ready` was called)
        names = {"view": made.view}
        if _LIST in regions:
            return {_LIST: region("_machines.html.j2", who, names, oob=True)}
        cells = {
            f"{cell}{host}": region(template, who, {"row": each}, oob=True)
            for host, each in made.rows.items()
            for cell, template in _CELLS
            if host in made.new or f"{cell}{host}" in regions
        }
        if _STATES in regions:
            cells[_STATES] = region("_machinestates.html.j2", who, names, oob=True)
        return cells
