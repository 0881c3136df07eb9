"""What a machine gets over HTTP that no file knows and an API server has a boot for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from pyxie.bootapi.memory import Nothing
from pyxie.events.kind import Step
from tests.bootapi.server import ApiServer, Reply, api_server
from tests.http.site import ALL_LOCAL, CONFIG, HOST, MAC, MACHINE, Answer, Served, serving
from tests.http.upstream import File, mirror
from tests.recognised import standing
from tests.render.ipxe import commands
from tests.support import eventually

NEW = "52:54:00:00:00:07"
DASHED = NEW.replace(":", "-")
KERNEL = bytes(range(256)) * 4000
NOTHING = Nothing("answers 404")
US = "http://boot.internal:8090"
BOOTS: dict[str, Any] = {
    "kernel": "http://files.example/a/linux?sig=s3cret",
    "initrd": ["/base.cpio", "http://me:sesame@files.example/dir/"],
    "cmdline": 'quiet || x="{{ URL "cfg%2fa.json" }}" mac=${net0/mac}',
    "message": "Hello; ${net0/mac}\nyou # there",
}


@asynccontextmanager
async def asking(
    folder: Path,
    says: Reply = 404,
    more: str = "",
    config: str = CONFIG,
    otherwise: Reply = 404,
) -> AsyncIterator[tuple[Served, ApiServer]]:
    """Serve a site that asks a server, which ``says`` something of one machine."""
    async with api_server(otherwise=otherwise) as server:
        server.says[NEW] = says
        text = f"{config}boot_api: {server.url}\n{more}"
        async with serving(folder, config=text) as served:
            yield served, server


class TestTheScript:
    async def test_has_all_of_the_answer_by_way_of_us(self, tmp_path: Path) -> None:
        async with asking(tmp_path, BOOTS) as (served, _):
            script = (await served.get(f"/ipxe/{DASHED}")).text

            found = [words for words in commands(script) if words[0] != "set"]
            at = f"{US}/boot/{DASHED}"
            loads = [words for words in found if words[0] in ("kernel", "initrd", "imgargs")]
            assert loads == [
                ["kernel", "--name", "kernel", f"{at}/kernel/linux"],
                ["initrd", "--name", "initrd0", f"{at}/initrd/0/base.cpio"],
                ["initrd", "--name", "initrd1", f"{at}/initrd/1/file"],
                [
                    *("imgargs", "kernel", "initrd=initrd0", "initrd=initrd1", "quiet", "||"),
                    *(f'x="{at}/other/0/cfg2fa.json"', "mac=${net0/mac}"),
                ],
            ]
            assert ["echo", "--", "Hello;", "{net0/mac}", "you", "#", "there"] in found
            assert "s3cret" not in script
            assert "sesame" not in script
            assert "/booting/" not in script
            assert served.texts(Step.ASKED) == [
                "is unknown, and the boot API has it boot http://files.example/a/linux?…"
            ]
            assert served.texts(Step.SCRIPT) == [
                "fetched the iPXE script that the boot API has for it"
            ]

    async def test_may_be_the_servers_own_to_the_byte(self, tmp_path: Path) -> None:
        own = "#!ipxe\necho {{ not a template }} ${x} \u00e9"
        async with asking(tmp_path, {"ipxe-script": own}) as (served, _):
            assert await served.get(f"/ipxe/{DASHED}") == Answer(200, own.encode())
            assert (await served.get(f"/boot/{DASHED}/kernel/x")).status == 404

    async def test_waits_for_the_server_and_asks_it_once(self, tmp_path: Path) -> None:
        async with asking(tmp_path, BOOTS) as (served, server):
            server.may.clear()
            served.parts.discovery.note(NEW, {})
            asks = [asyncio.create_task(served.get(f"/ipxe/{NEW}")) for _ in range(5)]
            await eventually(lambda: server.at_once == 1)
            assert (await served.get(f"/ipxe/{MAC}")).status == 200
            server.may.set()

            assert {b"/kernel/linux" in (await ask).body for ask in asks} == {True}
            assert len(server.asked) == 1

    async def test_of_a_machine_that_the_server_has_nothing_for_says_so(
        self, tmp_path: Path
    ) -> None:
        async with asking(tmp_path) as (served, _):
            script = (await served.get(f"/ipxe/{DASHED}")).text

            why = f"{NEW} is not in the registry, and the boot API answers 404"
            assert script.endswith(f"\necho pyxie: {why}\nsleep 5\nexit 1\n")

    @pytest.mark.parametrize("more", ["", "unknown: discover\n", "unknown: menu\n"])
    async def test_of_a_machine_that_is_put_in_build_mode_meanwhile_is_its_builds(
        self, tmp_path: Path, more: str
    ) -> None:
        async with asking(tmp_path, more=more) as (served, server):
            server.may.clear()
            asks = asyncio.create_task(served.get(f"/ipxe/{DASHED}"))
            await eventually(lambda: server.at_once == 1)
            name = "new.internal"
            text = MACHINE.replace(HOST, name).replace(MAC, NEW)
            (tmp_path / f"machines/{name}.yaml").write_text(text)
            await served.build(name)
            server.may.set()

            assert f"/boot/{name}/kernel/linux" in (await asks).text
            assert served.texts(Step.SCRIPT) == ["fetched its iPXE script"]

    @pytest.mark.parametrize("more", ["", "unknown: discover\n"])
    async def test_is_asked_for_again_while_the_server_is_away(
        self, tmp_path: Path, more: str
    ) -> None:
        """It may have another boot for the machine than what 'unknown' says."""
        async with asking(tmp_path, 503, more) as (served, _):
            script = (await served.get(f"/ipxe/{DASHED}")).text

            assert f"echo pyxie: {NEW}: the boot API answers 503\n" in script
            assert f"chain --replace --autofree {US}/ipxe/{DASHED}" in script
            assert served.texts(Step.TROUBLE) == ["no script: the boot API answers 503"]

    async def test_of_an_operators_template_that_fails_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "ipxe").mkdir()
        (tmp_path / "ipxe/boot.ipxe.j2").write_text("#!ipxe\n{{ gone }}")
        async with asking(tmp_path, BOOTS) as (served, _):
            script = (await served.get(f"/ipxe/{DASHED}")).text

            assert f"echo pyxie: {NEW}: boot.ipxe.j2:2: 'gone' is undefined\n" in script

    async def test_of_a_known_machine_is_pyxies_own(self, tmp_path: Path) -> None:
        async with asking(tmp_path, otherwise=BOOTS) as (served, server):
            assert "is not in build mode" in (await served.get(f"/ipxe/{MAC}")).text
            await served.build()
            assert f"/boot/{HOST}/kernel/linux" in (await served.get(f"/ipxe/{MAC}")).text
            assert server.asked == []


class TestFiles:
    @asynccontextmanager
    async def machine(
        self, folder: Path, files: dict[str, File], **said: Any
    ) -> AsyncIterator[tuple[Served, ApiServer]]:
        async with mirror(files) as files_at:
            at = files_at.url.replace("//", "//me:sesame@")
            answer = {
                "kernel": f"{at}/linux?sig=s3cret",
                "initrd": [f"{at}/a.cpio", f"{at}/b.cpio"],
                "cmdline": f'c={{{{ URL "{at}/cfg" }}}}',
                **said,
            }
            async with asking(folder, answer) as (served, server):
                yield served, server

    async def test_arrive_with_length_and_ranges(self, tmp_path: Path) -> None:
        files: dict[str, File] = {
            "linux": KERNEL,
            "a.cpio": b"first",
            "b.cpio": b"second",
            "cfg": b"config",
        }
        async with self.machine(tmp_path, files) as (served, _):
            script = (await served.get(f"/ipxe/{DASHED}")).text
            urls = [word.removeprefix("c=") for word in script.split() if "/boot/" in word]
            paths = [url.removeprefix(US) for url in urls]

            bodies = [(await served.get(path)).body for path in paths]
            part = await served.get(paths[0], Range="bytes=256-259")
            head = await served.ask("HEAD", paths[0])

            assert bodies == [KERNEL, b"first", b"second", b"config"]
            assert part == Answer(206, b"\0\1\2\3")
            assert (head.status, head.headers["Content-Length"]) == (200, str(len(KERNEL)))
            told = served.texts(Step.IMAGE)
            assert [line.split(",")[0] for line in told] == [
                *("fetching kernel", "fetching initrd 0", "fetching initrd 1", "fetching other 0")
            ]
            assert "s3cret" not in str(told)
            assert "sesame" not in str(served.texts())

    async def test_stay_though_the_server_changes_its_mind(self, tmp_path: Path) -> None:
        async with self.machine(tmp_path, {"linux": KERNEL}) as (served, server):
            await served.get(f"/ipxe/{DASHED}")
            server.says[NEW] = 404
            served.parts.boot_api._memory.learn(NEW, NOTHING, 1e12)

            assert (await served.get(f"/boot/{DASHED}/kernel/linux")).body == KERNEL

    async def test_are_asked_for_again_after_a_restart(self, tmp_path: Path) -> None:
        async with self.machine(tmp_path, {"linux": KERNEL}) as (served, server):
            assert (await served.get(f"/boot/{DASHED}/kernel/linux")).body == KERNEL
            assert len(server.asked) == 1

    @pytest.mark.parametrize(
        "path",
        [
            *("initrd/2/x", "initrd/x/x", "initrd/1000/x", "other/1/x", "other/%FF/x"),
            *("kernel/grubx64.efi", "kernel/a/linux", "kernel/..%2flinux", "initrd/0/linux"),
            *("other/0/linux", "kernel/%00"),
        ],
    )
    async def test_that_the_server_did_not_name_are_not_there(
        self, tmp_path: Path, path: str
    ) -> None:
        async with self.machine(tmp_path, {"linux": KERNEL}) as (served, _):
            await served.get(f"/ipxe/{DASHED}")

            assert (await served.get(f"/boot/{DASHED}/{path}")).status == 404

    @pytest.mark.parametrize("host", ["52-54-00-00-00-08", "x", HOST, "z-z-z-z-z-z", "%2F"])
    async def test_of_others_are_not_there(self, tmp_path: Path, host: str) -> None:
        async with self.machine(tmp_path, {"linux": KERNEL}) as (served, _):
            await served.get(f"/ipxe/{DASHED}")

            for path in ("kernel/linux", "other/0/x"):
                assert (await served.get(f"/boot/{host}/{path}")).status == 404

    @pytest.mark.parametrize(
        ("file", "why"),
        [
            (500, "answered 500 Internal Server Error"),
            (404, "answered 404 Not Found"),
            ("/linux?sig=s3cret", "redirects in circles, or too often"),
            ("ftp://me:sesame@x/?sig=s3cret", "redirects to what is no URL of HTTP"),
        ],
    )
    async def test_that_are_not_to_be_had_are_told_without_secrets(
        self, tmp_path: Path, file: File, why: str
    ) -> None:
        async with self.machine(tmp_path, {"linux": file}) as (served, _):
            await served.get(f"/ipxe/{DASHED}")
            answer = await served.get(f"/boot/{DASHED}/kernel/linux")

            assert answer.status == 502
            assert answer.text.endswith(f"/linux?…: {why}\n")
            assert "sesame" not in answer.text + str(served.texts())
            assert "s3cret" not in answer.text + str(served.texts())

    async def test_that_break_off_end_the_connection(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"linux": ("length", KERNEL)}
        async with self.machine(tmp_path, files) as (served, _):
            await served.get(f"/ipxe/{DASHED}")

            with pytest.raises(aiohttp.ClientError):
                await served.get(f"/boot/{DASHED}/kernel/linux")
            assert "broke off" in served.texts(Step.TROUBLE)[0]

    async def test_of_what_is_unknown_to_the_server_are_the_unknown_types(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "images").mkdir()
        (tmp_path / "images/linux").write_bytes(b"rescue")
        more = "unknown: rescue\nbuild_types: {rescue: {cmdline: r}}\n"
        async with asking(tmp_path, BOOTS, more, ALL_LOCAL) as (served, server):
            await served.get(f"/ipxe/{DASHED}")
            server.says[NEW] = 404
            served.parts.boot_api._clock = lambda: 1e12
            script = (await served.get(f"/ipxe/{DASHED}")).text

            assert "imgargs kernel initrd=initrd0 BOOTIF=" in script
            assert (await served.get(f"/boot/{DASHED}/kernel/linux")).body == b"rescue"


class TestPyxieAskingPyxie:
    async def test_boots_what_the_other_has_in_build_mode(self, tmp_path: Path) -> None:
        """Both halves of the contract meet: /v1/boot of one is boot_api of the other."""
        (tmp_path / "far/images").mkdir(parents=True)
        (tmp_path / "far/images/linux").write_bytes(KERNEL)
        (tmp_path / "far/images/initrd.gz").write_bytes(b"initrd")
        config = ALL_LOCAL.replace("baseurl: http://boot.internal:8090\n", "")
        machine = MACHINE.replace("image_url: http://files.internal:81/bookworm/amd64/\n", "")
        async with serving(tmp_path / "far", config=config, machine=machine) as far:
            far.parts.settings().__dict__["baseurl"] = far.url
            near_config = f"{CONFIG}boot_api: {far.url}\n"
            async with serving(tmp_path / "near", config=near_config, machine=None) as near:
                assert not (await self.boots(near))

                token = await far.build()
                near.parts.boot_api._memory.learn(MAC, NOTHING, -1e12)
                script = await self.boots(near)
                dashed = MAC.replace(":", "-")

                assert f"url={far.url}/template/preseed/{HOST}/{token} quiet" in script
                kernel = await near.get(f"/boot/{dashed}/kernel/linux")
                initrd = await near.get(f"/boot/{dashed}/initrd/0/initrd.gz")
                assert (kernel.body, initrd.body) == (KERNEL, b"initrd")
                assert standing(near.parts.recogniser.of(MAC)).in_build
                assert (await far.get(f"/done/{HOST}/{token}")).status == 200
                near.parts.boot_api._clock = lambda: 1e12
                assert not (await self.boots(near))

    async def boots(self, near: Served) -> str:
        script = (await near.get(f"/ipxe/{MAC}")).text
        return script if "imgargs kernel" in script else ""
