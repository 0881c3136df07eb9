"""What changes on the screen Now while somebody looks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pyxie.access.scope import Scope
from pyxie.builds.life import State
from pyxie.events import datagrams, kinds
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.http.page.bootrow import boot_id
from pyxie.http.page.live import Live
from pyxie.http.page.nowlive import NowLive
from pyxie.http.page.viewer import Viewer
from tests.diagnosis.situations import offered
from tests.http.page.test_nowview import build
from tests.http.site import CONFIG, HOST, MAC, Served, _app, serving

WHO = Viewer("this host", Scope.ADMIN)
ROW = boot_id(HOST)
STRANGER = "52:54:00:12:34:56"
BEGUN = kinds.BuildChanged(build=1, state="pending", cause="PUT /build")
ENDED = kinds.BuildChanged(build=1, state="installed", cause="done")
STUCK = kinds.Diagnosed(diagnosis="x", found="x", try_next="x")
FETCHED = kinds.ScriptSent()
MOVES = kinds.ImageProgress(part="kernel", sent=1, total=2)


def live_of(served: Served, page: int = 1, *, stuck: bool = False) -> NowLive:
    """Return what a page of the screen hears."""
    return NowLive(_app(served.server), page, stuck=stuck)


async def shown(live: Live, regions: Iterable[str]) -> dict[str, str]:
    """Return the HTML of regions."""
    wanted = frozenset(regions)
    await live.ready(wanted)
    return dict(live.render(wanted, WHO))


def of(what: Kind, host: str | None = HOST, mac: str | None = MAC) -> Event:
    """Return an event of a machine."""
    return Event(at=1.0, what=what, host=host, mac=mac)


def rows(html: str) -> list[str]:
    """Return the names of the boots in it."""
    return re.findall(r'<li id="boot-[^"]*".*?<strong>(?:<a [^>]*>)?([^<]*)<', html, re.DOTALL)


class TestARegion:
    async def test_is_one_element_that_says_where_it_belongs(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            live = live_of(served)

            found = await shown(live, [*live.regions(), ROW])

            assert list(found) == ["checklist", "counts", "boots", "others", "ended", ROW]
            for name, html in found.items():
                assert re.match(rf'<\w+ id="{name}"', html)
                assert html.count("hx-swap-oob") == 1
            assert rows(found["boots"]) == rows(found[ROW]) == [HOST]

    async def test_of_a_machine_without_a_build_is_left_out(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await shown(live_of(served), [ROW, "boot-other"]) == {}


class TestAnEvent:
    async def test_of_a_machine_changes_its_row(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            served.parts.index.put(build("done", State.INSTALLED, 0.0))
            live = live_of(served)
            assert live.touched(of(MOVES)) == {ROW}

            await served.build()
            await shown(live, ["boots"])

            assert live.touched(of(MOVES)) == {ROW}
            assert live.touched(of(MOVES, host="other")) == set()
            assert live.touched(of(BEGUN)) == {ROW, "counts", "checklist", "boots"}
            assert live.touched(of(ENDED)) == {ROW, "counts", "checklist", "ended"}
            assert live.touched(of(STUCK)) == {ROW, "counts"}

    async def test_changes_the_check_list_while_it_is_shown(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            live = live_of(served)

            assert "checklist" in live.touched(of(FETCHED))
            assert "checklist" not in live.touched(of(MOVES))
            await served.get(f"/done/{HOST}/{await served.build()}")
            assert "checklist" not in live.touched(of(FETCHED))
            assert "checklist" not in live.watched()

    async def test_of_no_machine_changes_nothing_at_once_but_what_moves(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            live = live_of(served)

            assert live.touched(of(FETCHED, host=None, mac=STRANGER)) == set()
            assert live.touched(of(MOVES, host=None, mac=None)) == set()
            assert live.touched(of(MOVES, host=None, mac=STRANGER)) == {"others"}

    async def test_of_a_machine_that_boots_by_hand_changes_those(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            wanted = b'{"kernel": "http://192.0.2.9/linux", "macs": ["%s"]}' % MAC.encode()
            await served.ask("POST", "/api/v1/boots", wanted, Content_Type="application/json")

            assert "others" in live_of(served).touched(of(MOVES))


class TestTheList:
    async def test_has_what_begins_at_its_end_and_keeps_what_ends(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            now, index = served.clock(), served.parts.index
            index.put(build("b", State.PENDING, now, begun=1.0))
            live = live_of(served)
            assert rows((await shown(live, ["boots"]))["boots"]) == ["b"]

            index.put(build("b", State.INSTALLED, now, begun=1.0))
            index.put(build("a", State.PENDING, now, begun=2.0))

            assert rows((await shown(live, ["boots"]))["boots"]) == ["b", "a"]

    async def test_of_those_that_stand_still_keeps_one_that_goes_on(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            live = live_of(served, stuck=True)
            assert rows((await shown(live, ["boots"]))["boots"]) == []
            served.clock.now += 3600

            assert live.touched(of(STUCK)) == {"counts", "boots", "checklist"}
            assert rows((await shown(live, ["boots"]))["boots"]) == [HOST]
            served.parts.trace.record(offered(), mac=MAC)
            found = (await shown(live, ["boots"]))["boots"]
            assert rows(found) == [HOST]
            assert "Stands still" not in found

    async def test_is_of_its_page(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for at in range(101):
                served.parts.index.put(build(f"web{at:03}", State.PENDING, begun=float(at)))
            live = live_of(served, 2)

            assert rows((await shown(live, ["boots"]))["boots"]) == ["web100"]
            assert live.touched(of(MOVES, host="web000")) == set()
            assert live.touched(of(MOVES, host="web100")) == {boot_id("web100")}


class TestWithoutAnEvent:
    async def test_that_a_machine_stands_otherwise_is_seen(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            live = live_of(served)
            await shown(live, ["boots"])
            before = live.watched()
            assert live.watched() == before
            served.clock.now += 3600

            build_of = served.parts.index.active(HOST)
            assert build_of is not None
            served.parts.standings.of(build_of)

            after = live.watched()
            assert {name for name in after if after[name] != before[name]} == {ROW, "counts"}

    async def test_that_strangers_come_is_seen(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            live = live_of(served)
            before = live.watched()

            served.parts.trace.record(datagrams.NotAnswered(reason="x", detail="x"), mac=STRANGER)
            served.parts.discovery.note(STRANGER, {})

            after = live.watched()
            changed = {name for name in after if after[name] != before[name]}
            assert changed == {"counts", "others", "checklist"}

    async def test_that_a_stranger_stands_still_is_seen_and_counted(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=f"{CONFIG}unknown: discover\n") as served:
            served.parts.trace.record(offered(), mac=STRANGER)
            live = live_of(served)
            assert "is-bad" not in (await shown(live, ["others"]))["others"]
            before = live.watched()
            assert live.watched() == before

            served.clock.now += 600

            after = live.watched()
            assert {name for name in after if after[name] != before[name]} == {"others"}
            assert "Stands still" in (await shown(live, ["others"]))["others"]
            assert live.watched()["counts"] != before["counts"]
            assert "1 of them stands still" in (await shown(live, ["counts"]))["counts"]


class TestAPage:
    async def test_says_where_it_hears_what_changes(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            page = (await served.get("/?page=2&stuck=1", Accept="text/html")).text

            found = re.search(r'sse-connect="([^"]*)"', page)
            assert found is not None
            path = found[1].replace("&amp;", "&")
            assert path.startswith("/page/stream?screen=now&page=2&stuck=1&since=")
