"""What changes on the screen Machines while one looks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aiohttp import web
from multidict import MultiDict

from pyxie.access.scope import Scope
from pyxie.events.event import Event
from pyxie.events.kinds import BuildChanged, ImageFailed, ImageProgress, ScriptSent
from pyxie.http.page.machineslive import MachinesLive
from pyxie.http.page.viewer import Viewer
from tests.http.site import HOST, Served, _app, serving
from tests.http.test_bulk import more

ADMIN = Viewer("this host", Scope.ADMIN)
BEGUN = BuildChanged(build=1, state="pending", cause="x")
FAILED = ImageFailed(part="kernel", source="s", why="w")


@dataclass
class Asking:
    """A request, as far as its query goes."""

    app: web.Application
    query: MultiDict[str]


def live(served: Served, **asked: str) -> MachinesLive:
    return MachinesLive(cast("web.Request", Asking(_app(served.server), MultiDict(asked))))


def of(host: str | None, what: object) -> Event:
    return Event(at=1.0, host=host, what=what)  # type: ignore[arg-type]


async def shown(screen: MachinesLive, *regions: str) -> dict[str, str]:
    await screen.ready(frozenset(regions))
    return dict(screen.render(frozenset(regions), ADMIN))


class TestAnEvent:
    async def test_touches_what_is_said_of_a_machine_on_the_page(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            screen = live(served)
            await served.parts.machines.refresh()
            await shown(screen, "machines")

            cells = {f"state-{HOST}", f"boot-{HOST}"}
            assert screen.touched(of(HOST, ScriptSent())) == cells
            assert screen.touched(of(HOST, BEGUN)) == {*cells, "machine-states"}
            assert screen.touched(of(HOST, FAILED)) == {*cells, "machine-states"}
            assert screen.touched(of("web09", BEGUN)) == {"machine-states"}
            assert screen.touched(of(None, ScriptSent())) == set()
            moving = ImageProgress(part="kernel", sent=1, total=2)
            assert screen.touched(of(HOST, moving)) == set()
            assert screen.said(of(HOST, BEGUN)) is not None
            assert screen.said(of("web09", BEGUN)) is None

    async def test_changes_a_row_and_the_counts_and_no_other_row(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="")
            await served.parts.machines.refresh()
            screen = live(served)
            before = await shown(screen, "machines")
            await served.build("web01")

            after = await shown(screen, *screen.touched(of("web01", BEGUN)))

            assert list(before) == ["machines"]
            assert sorted(after) == ["boot-web01", "machine-states", "state-web01"]
            assert ">pending</span>" in after["state-web01"]
            assert 'hx-swap-oob="true"' in after["state-web01"]
            assert "in build mode <span" in after["machine-states"]

    async def test_of_a_machine_that_is_new_on_the_page_is_not_lost(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.parts.machines.refresh()
            screen = live(served, order="-last_boot")
            await shown(screen, "machines")
            more(tmp_path, web01="")
            await served.parts.machines.refresh()

            found = await shown(screen, *screen.touched(of("web01", ScriptSent())))

            assert {"state-web01", "boot-web01", "machine-states"} <= found.keys()

    async def test_of_a_machine_that_has_left_the_page_is_told_where_it_stood(
        self, tmp_path: Path
    ) -> None:
        """Its row stays on the pages that are open."""
        async with serving(tmp_path) as served:
            await served.build()
            screen = live(served, state="active")
            await shown(screen, "machines")
            await served.ask("PUT", f"/cancel/{HOST}/{served.parts.index.active(HOST).token}")  # type: ignore[union-attr]

            found = await shown(screen, *screen.touched(of(HOST, BEGUN)))

            assert ">cancelled</span>" in found[f"state-{HOST}"]

    async def test_is_no_reason_to_look_again_where_only_files_have_changed(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            await served.parts.machines.refresh()
            screen = live(served)
            before = screen.watched()
            assert screen.watched() == before

            more(tmp_path, web01="")
            await served.parts.machines.refresh()

            assert screen.watched() != before
            assert screen.regions() == {"machines"}
