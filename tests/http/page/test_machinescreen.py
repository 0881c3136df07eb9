"""The screen of one machine, as a browser is given it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

from pyxie.store.pools import StoreError
from tests.http.site import CONFIG, HOST, MAC, MACHINE, Served, serving

PATH = f"/page/machines/{HOST}"


async def screen(served: Served, path: str = PATH, status: int = 200) -> str:
    """Return a screen as text, its references resolved."""
    page = await served.get(path, Accept="text/html")
    assert page.status == status, page.text
    return unescape(page.text)


def region(text: str, name: str) -> str:
    """Return the part of a screen with that id."""
    found = re.search(rf'<section id="{name}".*?</section>', text, re.DOTALL)
    assert found is not None, text
    return found[0]


class TestAMachine:
    async def test_is_shown_with_its_state_and_each_setting_with_its_place(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            text = await screen(served)

            top = region(text, "machine-head")
            assert '<span class="state is-idle">pending</span>' in top
            assert MAC in top
            rows = region(text, "machine-settings")
            # No line ends within line and column.
            assert f'{tmp_path}/machines/{HOST}.yaml<span class="whole">:3:10</span>' in rows
            assert '<td data-label="Of">settings</td>' in rows
            assert f'{tmp_path}/config.yaml<span class="whole">:7:13</span>' in rows

    async def test_leads_to_its_parts_at_the_top(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text = await screen(served)

            (parts,) = re.findall(r'<nav class="parts".*?</nav>', text, re.DOTALL)
            ids = re.findall(r'href="#([a-z-]+)"', parts)
            assert len(ids) == 6
            assert all(text.count(f'id="{each}"') == 1 for each in ids)

    async def test_that_nobody_knows_is_not_there(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text = await screen(served, "/page/machines/linux01.internal", status=404)

            assert f"Did you mean {HOST}?" in text

    async def test_is_shown_to_nobody_who_may_not_look(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            page = await served.get(PATH, Accept="text/html")

            assert (page.status, page.headers["Location"]) == (303, f"/page/sign-in?to={PATH}")
            assert HOST not in page.text

    async def test_whose_file_is_broken_is_shown_with_the_place(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=f"{MACHINE}kernle: x\n") as served:
            text = await screen(served)

            assert "1 mistake is in what describes it" in region(text, "machine-head")
            file = region(text, "machine-file")
            assert "kernle: unknown key; did you mean 'kernel'?" in file
            assert '<li value="14" id="line-14" class="wrong"><code>kernle: x</code>' in file

    async def test_whose_file_is_no_yaml_is_shown_all_the_same(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine="hostname: [\n") as served:
            text = await screen(served)

            assert "is not YAML" in region(text, "machine-file")
            assert "There are none, until its file is without a mistake." in text

    async def test_that_is_gone_has_the_history_of_its_builds(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            (tmp_path / f"machines/{HOST}.yaml").unlink()

            text = await screen(served)

            assert "It has no file any more" in region(text, "machine-file")
            assert "Build 1" in region(text, "machine-builds")

    async def test_of_a_store_that_does_not_answer_has_all_the_rest(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            async def unreachable(host: str) -> list[dict[str, Any]]:
                raise StoreError("nobody is there")

            served.parts.records.history = unreachable  # type: ignore[method-assign]
            text = await screen(served)

            told = region(text, "machine-builds")
            assert "the state cannot be read: nobody is there" in told
            assert "Build 1" in told
            assert "kernel" in region(text, "machine-settings")


class TestSecrets:
    async def test_are_nowhere_on_it(self, tmp_path: Path) -> None:
        machine = (
            MACHINE.replace("http://files", "http://me:correct@files")
            + '    root_password: battery\n    plain: yes\nipmi_password: "staple"\n'
        )
        preseed = "bmc {{ machine.IpmiPassword }}\nd-i p/r password {{ params.root_password }}\n"
        async with serving(tmp_path, machine=machine, preseed=preseed) as served:
            token = await served.build()

            for kind in ("preseed", "finish", "script", "cmdline"):
                text = await screen(served, f"{PATH}?served={kind}")

                assert not [
                    each for each in ("correct", "battery", "staple", token) if each in text
                ]


class TestWhatItWouldBeServed:
    async def test_is_rendered_without_a_build(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text = await screen(served, f"{PATH}?served=preseed")

            shown = region(text, "machine-served")
            assert f"d-i netcfg/get_hostname string {HOST}" in shown
            assert f"pyxie render {HOST} preseed" in shown
            assert served.parts.index.of(HOST) is None

    async def test_is_given_alone_to_htmx(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            page = await served.get(f"{PATH}?served=cmdline", HX_Request="true")

            assert page.text.strip().startswith('<section id="machine-served"')
            assert "interface=auto" in page.text

    async def test_that_fails_is_told_with_its_place(self, tmp_path: Path) -> None:
        async with serving(tmp_path, preseed="a\n{{ params.disk }}\n") as served:
            text = await screen(served, f"{PATH}?served=preseed")

            assert f"{tmp_path}/templates/bookworm.j2:2:1: " in region(text, "machine-served")

    async def test_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text = await screen(served, f"{PATH}?served=autoyast")

            assert "has no such template; there are: preseed" in region(text, "machine-served")

    async def test_is_that_of_a_build_type_where_one_is_chosen(self, tmp_path: Path) -> None:
        config = "build_types:\n  rescue:\n    cmdline: rescue=1\n"
        async with serving(tmp_path, config=CONFIG + config) as served:
            text = await screen(served, f"{PATH}?served=cmdline&type=rescue")

            assert "rescue=1" in region(text, "machine-served")
            assert "pyxie render --type rescue" in text


class TestWhatHappened:
    async def test_is_told_by_boots(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            await served.get("/ipxe/00-de-ad-90-74-60")

            told = region(await screen(served), "machine-boots")

            assert "asked for its script" in told
            assert "before any boot" in told

    async def test_is_read_from_disk_page_by_page(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            text = await screen(served, f"{PATH}/events")

            assert "Nothing of it is kept." in text

    async def test_of_a_store_that_does_not_answer_is_told(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:

            async def unreachable(**_asked: object) -> list[dict[str, object]]:
                raise StoreError("nobody is there")

            served.parts.archive.page = unreachable  # type: ignore[method-assign]
            text = await screen(served, f"{PATH}/events")

            assert "the state cannot be read: nobody is there" in text


class TestALog:
    async def test_of_a_failed_build_is_shown(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            failure = b'{"reason": "no disk", "log": "one\\n<b>two</b>"}'
            await served.ask(
                "POST",
                f"/api/v1/builds/{HOST}/failed",
                failure,
                Content_Type="application/json",
            )

            page = (await served.get(PATH, Accept="text/html")).text
            text = await screen(served, f"{PATH}/log?build=1")

            assert "no disk" in page
            assert "one\n&lt;b&gt;two&lt;/b&gt;" in page
            assert "one\n<b>two</b>" in text

    async def test_of_another_machines_build_is_not(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text = await screen(served, f"{PATH}/log?build=7", status=404)

            assert "has no build 7 any more" in text


class TestAMachineThatIsNotThere:
    async def test_is_said_to_be_in_no_file_with_names_that_are_near(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            far = await served.get("/page/machines/nosuch", Accept="text/html")
            near = await served.get("/page/machines/linux01.internal", Accept="text/html")

            assert (far.status, near.status) == (404, 404)
            assert "No machine file and no build is of nosuch." in far.text
            assert f"Did you mean {HOST}?" in near.text
