"""The screen Health, as a browser is given it."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

from pyxie.access.scope import Scope
from pyxie.bounds import HTTP_TOTAL, PAGE_SAID
from pyxie.errors import Problem
from pyxie.http.page.frame import region
from pyxie.http.page.healthview import problems
from pyxie.http.page.viewer import Viewer
from tests.http.page.test_healthview import other
from tests.http.page.test_imagesscreen import words
from tests.http.site import CONFIG, MACHINE, Served, serving

PAGE = "/page/health"


async def said(site: Served) -> str:
    answer = await site.get(PAGE)
    assert answer.status == 200
    return words(answer)


class TestHealth:
    async def test_says_what_is_served_and_where(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            found = await said(site)

        assert "DHCP UDP 67 and 4011 answers beside" in found
        assert "HTTP TCP 8090, all addresses" in found
        assert "eth0 192.0.2.1/24 served" in found
        assert str(tmp_path / "config.yaml") in found

    async def test_says_where_files_are_broken_with_hostile_names(self, tmp_path: Path) -> None:
        machines = tmp_path / "machines"
        machines.mkdir()
        (machines / "<script>.yaml").write_text("hostname: [\n")
        async with serving(tmp_path, machine=MACHINE.replace("kernel: linux", "kernl: x")) as site:
            answer = await site.get(PAGE)

        assert "<script>.yaml" not in answer.text
        assert "&lt;script&gt;.yaml:" in answer.text
        assert re.search(r"linux001\.internal\.yaml:\d+:\d+ kernl: ", words(answer))

    async def test_says_what_of_the_settings_is_not_in_force(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            (tmp_path / "config.yaml").write_text(f"{CONFIG}http: {{port: 80}}\n")
            await site.parts.settings.reload()

            found = await said(site)

        assert "http.port in config.yaml takes a restart" in found

    async def test_says_that_a_disk_or_a_store_cannot_be_reached(self, tmp_path: Path) -> None:
        config = f"{CONFIG}image_store: {{path: /proc/none/store}}\n"
        async with serving(tmp_path, config=config) as site:
            found = await said(site)

        assert "no images are kept: /proc/none/store" in found

    async def test_says_how_much_is_free_on_each_disk(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            found = await said(site)

        assert re.search(r"the state, ISO images, images of yours, files of other servers", found)
        assert re.search(r"\d+\.\d [MG]B of \d+\.\d GB; \d+ % taken:", found)

    async def test_says_which_limits_were_reached_and_when(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            HTTP_TOTAL.reached()

            found = await said(site)

        assert re.search(r"http_total by limits\.http_total 4,096 connections of machines", found)

    async def test_keeps_limits_that_are_no_alarm_apart(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            PAGE_SAID.reached()

            text = (await site.get(PAGE)).text

        (usual,) = re.findall(r'<details id="health-limits-usual">.*?</details>', text, re.DOTALL)
        assert "No alarm: what only waited, or was told later" in usual
        assert "<code>page_said</code>" in usual
        assert text.count("<code>page_said</code>") == 1

    def test_shows_commands_in_sentences_as_code(self) -> None:
        said = "run `pyxie loaders fetch`"
        found = problems([said], [Problem(Path("a.yaml"), 1, 1, "", said)], [said])

        html = region(
            "_health_problems.html.j2",
            Viewer("this host", Scope.ADMIN),
            {"view": SimpleNamespace(problems=found)},
        )

        assert html.count("run <code>pyxie loaders fetch</code>") == 3
        assert "`" not in html

    async def test_says_what_other_servers_offer(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            assert "None was heard yet" in await said(site)
            site.parts.others.replied(
                other("192.0.2.9", file="<script>alert(1)</script>", moment=site.clock.now)
            )

            answer = await site.get(PAGE)

        assert "192.0.2.9 DHCP server eth0 boot file" in words(answer)
        assert "<script>alert" not in answer.text

    async def test_says_which_loaders_there_are(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            (tmp_path / "ipxe/ipxe.efi").write_bytes(b"MZ no program")
            site.parts.loaders.refresh()

            found = await said(site)

        assert f"x64 UEFI ipxe.efi usual {tmp_path}/ipxe/ipxe.efi not said nobody 13 bytes" in found

    async def test_says_that_nothing_is_wrong(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            for name in ("undionly.kpxe", "ipxe.efi"):
                (tmp_path / "ipxe" / name).write_bytes(b"x")
            site.parts.loaders.refresh()

            assert "What is wrong nothing that pyxie knows of." in await said(site)
