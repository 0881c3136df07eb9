"""The screen Now, as a browser is given it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyxie.builds.life import State
from pyxie.events import datagrams, kinds
from pyxie.http.verified import LATER
from tests.diagnosis.situations import offered, script_offered
from tests.http.page.test_nowview import build
from tests.http.site import CONFIG, HOST, MAC, Served, serving

BROWSER = "text/html,application/xhtml+xml"
STRANGER = "52:54:00:12:34:56"
BUILDS = 105


async def now(served: Served, query: str = "") -> str:
    """Return the screen's HTML."""
    page = await served.get(f"/{query}", Accept=BROWSER)
    assert page.status == 200
    return page.text


def rows(page: str) -> list[str]:
    """Return the names of the boots on it."""
    return re.findall(r'<li id="boot-[^"]*".*?<strong>(?:<a [^>]*>)?([^<]*)<', page, re.DOTALL)


def track(page: str) -> list[str]:
    """Return the steps of the first boot on it, as they are read out."""
    steps = re.search(r'<ol class="track".*?</ol>', page, re.DOTALL)
    assert steps is not None
    return [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<li[^>]*>(.*?)</li>", steps[0])]


class TestNow:
    async def test_shows_a_boot_step_by_step(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert "No machine is being installed." in await now(served)
            token = await served.build()

            trace = served.parts.trace
            assert track(await now(served))[0] == "DISCOVER under way"
            trace.record(offered(), mac=MAC)
            trace.record(script_offered(), mac=MAC)
            trace.record(kinds.ScriptSent(), mac=MAC)
            trace.record(kinds.ImageFetching(part="kernel", total=100), mac=MAC)
            trace.record(kinds.ImageProgress(part="kernel", sent=42, total=100), mac=MAC)
            page = await now(served)
            assert track(page)[4] == "kernel 42 % under way"
            assert '<progress max="100" value="42"' in page

            assert (await served.get(f"/done/{HOST}/{token}")).status == 200
            page = await now(served)
            assert track(page)[-1] == "done done"
            assert f'<th scope="row"><a href="/page/machines/{HOST}">{HOST}</a></th>' in page

    async def test_says_why_one_stands_still_and_lists_these_alone(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            assert rows(await now(served, "?stuck=1")) == []
            served.clock.now += 3600

            page = await now(served)

            assert f"Nothing of {MAC} has reached pyxie" in page
            assert "Try next: " in page
            assert f"<code>pyxie why {HOST}</code>" in page
            assert "1 stands still" in page
            assert rows(await now(served, "?stuck=1")) == [HOST]

    async def test_shows_boots_that_are_of_no_build(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=f"{CONFIG}unknown: discover\n") as served:
            trace = served.parts.trace
            trace.record(datagrams.NotAnswered(reason="x", detail="x"), mac="52:54:00:00:00:09")
            trace.record(offered(), mac=STRANGER)
            trace.record(
                datagrams.TftpProgress(name="a/ipxe.efi", received=1, total=4), mac=STRANGER
            )

            page = await now(served)

            assert rows(page) == [STRANGER]
            assert "loader 25 % under way" in track(page)
            served.clock.now += 901
            assert rows(await now(served)) == []

    async def test_proposes_to_build_the_machine_that_was_just_adopted(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            assert f'href="/page/machines/{HOST}/build"' in await now(served)
            served.parts.discovery.note(STRANGER, {})
            body = b"hostname=zz9.internal"
            where = f"/page/waiting/{STRANGER.replace(':', '-')}/adopt"
            form = "application/x-www-form-urlencoded"
            assert (await served.ask("POST", where, body, Content_Type=form)).status == 303

            assert 'href="/page/machines/zz9.internal/build"' in await now(served)

    async def test_says_what_was_advised_of_a_build_and_what_is_in_its_files_way(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            trace = served.parts.trace
            trace.record(kinds.BuildAdvised(advice="no key"), host=HOST)
            trace.record(kinds.BuildAdvised(advice=f"http://a/b: down; {LATER}"), host=HOST)

            page = await now(served)
            assert re.search(r"\d warnings since it began", page)
            assert "<li>no key</li>" in re.sub(r"\s*(</?li>)\s*", r"\1", page)
            assert page.index('id="boots"') < page.index('id="checklist"')
            assert "http://a/b: down. Does this host reach that server?" in page
            machine = (await served.get(f"/page/machines/{HOST}", Accept=BROWSER)).text
            assert re.search(r'<p class="notice is-warn">\s*no key</p>', machine)

            trace.record(kinds.ImageFetching(part="kernel"), host=HOST)
            assert "Nothing is known to be in their way." in await now(served)
            trace.record(kinds.ImageFailed(part="kernel", source="a", why="gone"), host=HOST)
            assert "gone. Does this host reach" in await now(served)

    async def test_counts_an_unknown_one_that_stands_still(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=f"{CONFIG}unknown: discover\n") as served:
            served.parts.trace.record(offered(), mac=STRANGER)
            assert "of them stand" not in await now(served)
            served.clock.now += 600

            page = await now(served)

            assert '<a href="#others">1 other boot</a>' in page
            assert '<a href="#others" class="state is-bad">1 of them stands still</a>' in page

    async def test_one_that_boots_once_leads_to_where_that_is_taken_back(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            where = f"/page/waiting/{STRANGER.replace(':', '-')}"
            served.parts.discovery.note(STRANGER, {})
            form = "application/x-www-form-urlencoded"
            once = await served.ask("POST", f"{where}/boot", b"system=rescue", Content_Type=form)
            assert once.status == 303
            served.parts.trace.record(offered(), mac=STRANGER)

            page = await now(served)

            assert f'<a href="{where}">{STRANGER}</a>' in page
            assert "<span>rescue</span>" in page

    async def test_a_known_machine_that_boots_by_hand_is_one(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            wanted = b'{"kernel": "http://192.0.2.9/linux", "macs": ["%s"]}' % MAC.encode()
            answer = await served.ask(
                "POST", "/api/v1/boots", wanted, Content_Type="application/json"
            )
            assert answer.status == 201
            served.parts.trace.record(offered(), mac=MAC)

            assert rows(await now(served)) == [HOST]

    async def test_of_a_thousand_has_a_page_of_a_hundred(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for at in range(BUILDS):
                served.parts.index.put(build(f"web{at:03}", State.PENDING, begun=float(at)))

            first, second = await now(served), await now(served, "?page=2")

            assert rows(first) == [f"web{at:03}" for at in range(100)]
            assert rows(second) == [f"web{at:03}" for at in range(100, BUILDS)]
            assert "1 to 100 of 105" in first
            assert '<a href="/?page=2" rel="next">' in first

    @pytest.mark.parametrize("query", ["?page=0", "?page=x", "?stuck=perhaps", "?page=1&page=2"])
    async def test_takes_what_nobody_can_have_meant_for_nothing(
        self, tmp_path: Path, query: str
    ) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            assert rows(await now(served, query)) == [HOST]

    async def test_says_where_one_is(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            links = re.findall(r'<a href="([^"]*)" aria-current="page">([^<]*)<', await now(served))
            assert links == [("/", "Now")]

    async def test_writes_what_strangers_say_as_text(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            evil = "<script>alert(1)</script>`<img src=x onerror=alert(1)>`"
            served.parts.trace.record(kinds.ScriptFailed(why=evil), mac=MAC)
            served.clock.now += 3600

            page = await now(served)

            assert "&lt;script&gt;alert(1)" in page
            assert "<img" not in page
            assert page.count("<script") == page.count('<script src="/page/assets/')


class TestTheCheckList:
    async def test_is_there_until_a_machine_was_installed(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            page = await now(served)
            assert "Until the first machine is installed" in page
            assert f"<code>pyxie build {HOST}</code>" in page

            token = await served.build()
            await served.get(f"/done/{HOST}/{token}")
            assert " is open<" not in await now(served)
            await served.build()
            assert " is open<" not in await now(served)

    async def test_counts_who_waits_and_tells_of_a_broken_file_or_a_missing_folder(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, machine="hostname: [\n") as served:
            assert "There is one with a mistake: " in await now(served)

        config = CONFIG.replace("machinepath: machines", "machinepath: gone")
        async with serving(tmp_path / "no-folder", config=config) as served:
            found = await now(served)
            assert "cannot be read: there is no such folder; make it with <code>mkdir -p" in found
            assert "There is one with a mistake" not in found

        async with serving(tmp_path / "other", machine=None) as served:
            served.parts.discovery.note(STRANGER, {})
            assert "A machine has asked that no file knows" in await now(served)
