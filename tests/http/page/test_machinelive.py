"""What changes on the screen of one machine while one looks."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.events.kinds import Booting, HookDone, ImageProgress, ScriptSent
from pyxie.http.page.machinelive import MachineLive
from pyxie.http.page.viewer import Viewer
from tests.http.page.test_bootview import BEGUN
from tests.http.page.test_machinescreen import PATH
from tests.http.site import HOST, MACHINE, Served, _app, serving

WHO = Viewer("this host", Scope.ADMIN)
ALL = {"machine-head", "machine-why", "machine-boots", "machine-builds"}


def live(served: Served, name: str = HOST) -> MachineLive:
    asked: Any = SimpleNamespace(app=_app(served.server), query={"hostname": name})
    return MachineLive(asked)


def event(what: Kind, host: str = HOST) -> Event:
    return Event(at=1.0, what=what, host=host)


class TestAnEvent:
    async def test_touches_what_it_changes_and_nothing_of_other_machines(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            screen = live(served)

            assert screen.touched(event(ScriptSent())) == {"machine-why", "machine-boots"}
            assert screen.touched(event(BEGUN)) == ALL
            done = HookDone(point="postbuild", hook="x", result="exit 0")
            assert screen.touched(event(done)) == ALL
            moved = ImageProgress(part="kernel", sent=1, total=2)
            assert screen.touched(event(moved)) == {"machine-why"}
            assert screen.touched(event(Booting(), "other")) == set()

    async def test_is_there_after_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            screen = live(served)
            await screen.ready(screen.regions())
            before = screen.render(screen.regions(), WHO)
            await served.build()
            await served.get("/ipxe/00-de-ad-90-74-60")

            await screen.ready(frozenset({"machine-boots"}))
            after = screen.render(frozenset({"machine-boots"}), WHO)

            assert before.keys() == screen.regions() == ALL
            assert after.keys() == {"machine-boots"}
            assert "asked for its script" not in before["machine-boots"]
            assert "asked for its script" in after["machine-boots"]
            assert after["machine-boots"].startswith('<section id="machine-boots"')
            assert 'hx-swap-oob="true"' in after["machine-boots"]


class TestWithoutAnEvent:
    async def test_a_file_that_was_changed_is_seen(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            screen = live(served)
            before = screen.watched()
            (served.folder / f"machines/{HOST}.yaml").write_text(f"{MACHINE}kernle: x\n")
            await served.parts.machines.refresh()

            after = screen.watched()

            assert before["machine-head"] != after["machine-head"]

    async def test_a_build_is_seen(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            screen = live(served)
            before = screen.watched()
            await served.build()

            after = screen.watched()

            assert {name for name in after if before[name] != after[name]} == {
                "machine-head",
                "machine-why",
                "machine-builds",
            }


class TestAMachine:
    async def test_that_is_gone_has_nothing_to_be_shown(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            screen = live(served)
            (served.folder / f"machines/{HOST}.yaml").unlink()
            await served.parts.machines.refresh()

            await screen.ready(screen.regions())

            assert screen.render(screen.regions(), WHO) == {}

    async def test_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            with pytest.raises(web.HTTPNotFound):
                live(served, "nobody.internal")

    async def test_says_where_its_page_hears_what_changes(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            page = await served.get(PATH, Accept="text/html")

            found = re.search(r'sse-connect="([^"]*)"', page.text)
            assert found is not None
            assert f"screen=machine&amp;hostname={HOST}" in found[1]
