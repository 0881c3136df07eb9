"""What changes on the screen Waiting while somebody looks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from aiohttp import web

from pyxie.http.page.frame import region
from pyxie.http.page.live import Live
from pyxie.http.page.waitingfacts import all_heard, waiting_facts
from pyxie.http.page.waitingview import WaitingRow, WaitingView, row_id, waiting_row
from pyxie.http.parts import ADHOC, CLOCK, DISCOVERED, MACHINES, SETTINGS, TRACE

_LIST: Final = "waiting"


class WaitingLive(Live):
    """The screen, of one page of the machines.

    Nothing here goes by events, of which anybody can make up a thousand a second: once in a second
    it is looked who has come, and who was heard again.

    Args:
        app: Where everything is looked up.
        page: Which page of the machines.
    """

    every = 1.0

    def __init__(self, app: web.Application, page: int) -> None:
        self._app = app
        self._page = page
        self._listed: Mapping[str, str] = {}
        """The addresses of the machines on this page, by the ids of their rows."""
        self._view: WaitingView | None = None
        self._rows: dict[str, WaitingRow] = {}
        self._kept: set[str] = set()
        """Those that were seen to wait: adopted, they stay where they are."""

    def regions(self) -> frozenset[str]:
        """Return the list."""
        return frozenset({_LIST})

    def watched(self) -> Mapping[str, Hashable]:
        """Return what tells that there are others, or that one was heard again."""
        discovered, adhoc = self._app[DISCOVERED], self._app[ADHOC]
        found: dict[str, Hashable] = {
            _LIST: (frozenset(discovered.macs()), self._app[SETTINGS]().unknown)
        }
        machines = self._app[MACHINES]()
        for name, mac in self._listed.items():
            heard = discovered.of(mac)
            last = (heard.last, len(heard.fields)) if heard is not None else None
            host = machines.host_of(mac)
            booted = self._app[TRACE].boots.of(host) if host is not None else None
            found[name] = (last, adhoc.names(mac), host, booted)
        return found

    async def ready(self, regions: frozenset[str]) -> None:
        """Gather what these show."""
        self._view = None
        if _LIST in regions:
            self._view = await waiting_facts(self._app, self._page, self._kept)
            self._listed = {row.id: row.mac for row in self._view.rows}
            waiting = {row.mac for row in self._view.rows if not row.host}
            self._kept = waiting | (self._kept & set(self._listed.values()))
        macs = [mac for name, mac in self._listed.items() if name in regions]
        there = [each for mac in macs if (each := self._app[DISCOVERED].of(mac)) is not None]
        heard, now = await all_heard(self._app, there), self._app[CLOCK]()
        self._rows = {row_id(each.machine.mac): waiting_row(each, now) for each in heard}

    def render(self, regions: frozenset[str], who: Any) -> Mapping[str, str]:  # noqa: ARG002
        """Return the list first, then the rows."""
        found = {}
        if self._view is not None:
            found[_LIST] = region("_waiting.html.j2", who, {"view": self._view}, oob=True)
        for name, row in self._rows.items():
            found[name] = region("_waits.html.j2", who, {"row": row}, oob=True)
        return found
