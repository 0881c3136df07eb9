"""The mark of a broken file, on every screen."""

from __future__ import annotations

import re
from pathlib import Path

from pyxie.access.scope import Scope
from pyxie.events import kinds
from pyxie.events.event import Event
from pyxie.http.page.bootrow import boot_id
from pyxie.http.page.framelive import FrameLive
from pyxie.http.page.nowlive import NowLive
from pyxie.http.page.viewer import Viewer
from tests.http.page.test_nowlive import shown
from tests.http.site import HOST, Served, _app, serving

WHO = Viewer("this host", Scope.ADMIN)
MARK = "nav-broken"


async def broken(served: Served, folder: Path) -> None:
    """Break a machine's file."""
    (folder / "machines/web09.yaml").write_text("hostname: [\n")
    await served.parts.machines.refresh()


class TestTheMark:
    async def test_is_on_every_screen_where_a_file_is_broken(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            before = (await served.get("/page/waiting", Accept="text/html")).text
            await broken(served, tmp_path)

            after = (await served.get("/page/waiting", Accept="text/html")).text

            assert '<span id="nav-broken"></span>' in before
            assert re.search(r'href="/page/health">Health<span id="nav-broken">', after)
            assert "1 mistake in files" in after

    async def test_comes_while_a_screen_is_open(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            live = FrameLive(_app(served.server), NowLive(_app(served.server), 1, stuck=False))
            before = live.watched()
            await broken(served, tmp_path)

            after = live.watched()

            assert (before[MARK], after[MARK]) == (0, 1)
            html = (await shown(live, [MARK]))[MARK]
            assert "1 mistake in files" in html
            assert html.count("hx-swap-oob") == 1


class TestTheScreenInside:
    async def test_goes_on_as_it_does_without(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            inside = NowLive(_app(served.server), 1, stuck=False)
            live = FrameLive(_app(served.server), inside)
            event = Event(at=1.0, what=kinds.ScriptSent(), host=HOST)
            failed = Event(at=1.0, what=kinds.ScriptFailed(why="x"), host=HOST)

            assert live.regions() == inside.regions() | {MARK}
            assert live.every == inside.every
            assert live.touched(event) == inside.touched(event)
            assert live.said(failed) == inside.said(failed)
            assert list(await shown(live, ["boots", boot_id(HOST)])) == ["boots", boot_id(HOST)]
