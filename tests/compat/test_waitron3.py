"""waitron 3's routes: their status, content type and body, to the byte."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyxie.access.scope import Scope
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build, State
from pyxie.builds.records import BuildRecords
from pyxie.compat.gojson import machine_of, written
from pyxie.compat.waitron3 import Jobs
from pyxie.config.settings import Settings
from pyxie.registry.machine import Machine
from pyxie.threads import Pool
from tests.builds.stores import build as some_build
from tests.http.site import ALL_LOCAL, CONFIG, HOST, MACHINE, Answer, Served, serving

V3 = f"{CONFIG}waitron_api: 3\nbuild_types: {{rescue: {{kernel: rescue.img}}}}\n"
MAC = "00:de:ad:90:74:60"
WRONG = "00000000-0000-4000-8000-000000000000"
OK = b'{"State":"OK"}'
BEGUN = "2023-11-14T22:13:20Z"


def served(folder: Path, **how: Any) -> AbstractAsyncContextManager[Served]:
    return serving(folder, **{"config": V3, **how})


async def build(site: Served, path: str = HOST, body: bytes | None = None) -> str:
    answer = await site.ask("PUT", f"/build/{path}", body)
    assert plain(answer) == 200, answer.text
    return str(json.loads(answer.body)["Token"])


def plain(answer: Answer) -> int:
    """Return the status of an answer that calls itself plain text."""
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    return answer.status


class TestBuild:
    async def test_gives_the_token_as_json(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            answer = await site.ask("PUT", f"/build/{HOST}")

            token = answer.headers["Build-Token"]
            assert plain(answer) == 200
            assert answer.text == f'{{"Token":"{token}","State":"OK"}}'

    async def test_of_a_machine_in_build_mode_is_refused(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            token = await build(site)

            answer = await site.ask("PUT", f"/build/{HOST}")

            assert plain(answer) == 500
            assert answer.text == (
                f"Failed to set build mode for {HOST} - : active job for '{HOST}' must complete "
                "or be terminated before new job\n"
            )
            assert await site.get(f"/done/{HOST}/{token}") == Answer(200, OK)

    @pytest.mark.parametrize(
        ("path", "why"),
        [
            ("Nobody", "Nobody - : 'nobody' '' not found using any active plugin"),
            ("linux001", "linux001 - : 'linux001' '' not found using any active plugin"),
            (f"{HOST}/memtest", f"{HOST} - memtest: build type 'memtest' not found"),
        ],
    )
    async def test_of_what_is_not_there_is_500_in_waitrons_words(
        self, tmp_path: Path, path: str, why: str
    ) -> None:
        async with served(tmp_path) as site:
            answer = await site.ask("PUT", f"/build/{path}")

            assert plain(answer) == 500
            assert answer.text == f"Failed to set build mode for {why}\n"

    async def test_of_what_the_settings_have_by_now_says_that_they_were_not_read(
        self, tmp_path: Path
    ) -> None:
        async with served(tmp_path) as site:
            file = tmp_path / "config.yaml"
            file.write_text(file.read_text().replace("build_types:", "build_types:\n  memtest:"))

            put = await site.ask("PUT", f"/build/{HOST}/memtest")
            got = await site.get(f"/definition/{HOST}/memtest")

            for answer in (put, got):
                assert answer.text.endswith(
                    "build type 'memtest' not found\nconfig.yaml has changed since it was read; "
                    "to read it: systemctl reload pyxie\n"
                )

    async def test_says_what_cannot_be_rendered(self, tmp_path: Path) -> None:
        async with served(tmp_path, preseed="{{ gone }}") as site:
            assert await site.ask("PUT", f"/build/{HOST}/rescue") == Answer(
                500,
                f"Failed to set build mode for {HOST} - rescue: "
                "bookworm.j2:1: 'gone' is undefined\n".encode(),
            )

    async def test_leaves_the_machines_own_keys_over_the_type_as_waitron_3_does(
        self, tmp_path: Path
    ) -> None:
        async with served(tmp_path) as site:
            await build(site, f"{HOST}/rescue")

            assert json.loads((await site.get(f"/v1/boot/{MAC}")).body)["kernel"].endswith("/linux")
        async with served(tmp_path) as site:
            assert json.loads((await site.get(f"/v1/boot/{MAC}")).body)["kernel"].endswith("/linux")
            definition = json.loads((await site.get(f"/definition/{HOST}/rescue")).body)
            assert definition["Kernel"] == "linux"

    async def test_takes_a_type_and_a_body_of_up_to_64_kib(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("kernel: linux\n", "")
        async with served(tmp_path, machine=machine) as site:
            body = io.BytesIO(b"#" * ((1 << 16) + 1))
            async with site.session.put(f"{site.url}/build/{HOST}/rescue", data=body) as answer:
                assert (answer.status, await answer.text()) == (
                    500,
                    (
                        f"Failed to set build mode for {HOST} - rescue while reading request body: "
                        "http: request body too large\n"
                    ),
                )

            await build(site, f"{HOST}/rescue", b"initrd: [a, b]")

            found = json.loads((await site.get(f"/v1/boot/{MAC}")).body)
            base = "http://files.internal:81/bookworm/amd64"
            assert found["kernel"] == f"{base}/rescue.img"
            assert found["initrd"] == [f"{base}/a", f"{base}/b"]


class TestStatus:
    async def test_follows_the_machine_through_its_boot(self, tmp_path: Path) -> None:
        dashed = MAC.replace(":", "-")
        async with served(tmp_path) as site:

            async def told() -> tuple[str, str]:
                answer = await site.get(f"/status/{HOST}")
                job = json.loads((await site.get(f"/job/{token}")).body)
                assert plain(answer) == 200
                assert answer.text == job["Status"]
                return job["Status"], job["StatusReason"]

            token = await build(site)
            assert await told() == ("pending", "")
            await site.get(f"/booting/{dashed}/{token}")
            assert await told() == ("installing", "pxe config sent")
            await site.get(f"/template/preseed/{HOST}/{token}")
            assert await told() == ("preseed", "processing bookworm.j2")
            await site.get(f"/template/finish/{HOST}/{token}")
            assert await told() == ("finish", "processing finish.j2")
            await site.get(f"/template/%1b5b/{HOST}/{token}")
            assert (await told())[0] == "?5b"
            await site.get(f"/done/{HOST}/{token}")

            over = json.loads((await site.get(f"/job/{token}")).body)
            assert (over["Status"], over["StatusReason"]) == ("completed", "")

    @pytest.mark.parametrize("name", ["nobody", HOST])
    async def test_without_a_job_is_404(self, tmp_path: Path, name: str) -> None:
        async with served(tmp_path) as site:
            answer = await site.get(f"/status/{name}")

            assert plain(answer) == 404
            assert answer.text == (
                f"Failed to find active job for {name}. Try search by job ID. "
                f"job not found: '{name}' '' \n"
            )

    async def test_of_all_is_every_job_without_its_token(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            none = await site.get("/status")
            assert (plain(none), none.body) == (200, b"[]")

            first = await build(site)
            await site.ask("PUT", f"/cancel/{HOST}/{first}")
            second = await build(site)
            answer = await site.get("/status")

            assert plain(answer) == 200
            assert answer.text.startswith('[ {"Start":"')
            assert answer.text.endswith('"Token":"***"}]')
            told = json.loads(answer.body)
            assert [each["Status"] for each in told] == ["terminated", "pending"]
            assert first not in answer.text
            assert second not in answer.text

    async def test_is_of_the_last_job_also_after_a_restart(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            token = await build(site)
            await site.get(f"/done/{HOST}/{token}")
        async with served(tmp_path) as site:
            assert json.loads((await site.get("/status")).body)[0]["Status"] == "completed"
            assert json.loads((await site.get(f"/job/{token}")).body)["Status"] == "completed"

    async def test_a_failure_that_the_installer_reports_is_told(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            token = await build(site)
            await site.get(f"/failed/{HOST}/{token}?reason=no%20disk")

            job = json.loads((await site.get(f"/job/{token}")).body)
            assert (job["Status"], job["StatusReason"]) == ("failed", "no disk")


class TestJob:
    async def test_has_gos_fields_in_their_order(self, tmp_path: Path) -> None:
        config = V3.replace("build_types: {rescue: {kernel: rescue.img}}\n", "")
        machine = f"{MACHINE}cmdline: a & <b>\nipmi_password: sesame\n".replace(
            'cmdline: "interface=auto url={{ BaseURL }}/template/preseed/{{ Hostname }}'
            '/{{ Token }} quiet"\n',
            "",
        )
        async with served(tmp_path, config=config, machine=machine) as site:
            token = await build(site)
            await site.get(f"/booting/{MAC.replace(':', '-')}/{token}")
            answer = await site.get(f"/job/{token}")

            assert plain(answer) == 200
            assert answer.text == (
                f'{{"Start":"{BEGUN}","End":"0001-01-01T00:00:00Z","Status":"installing",'
                '"StatusReason":"pxe config sent","BuildTypeName":"","Machine":{"TempPath":"",'
                f'"TemplatePath":"{tmp_path}/templates","StaticFilesPath":"{tmp_path}/files",'
                '"BaseURL":"http://boot.internal:8090","MachineInventoryPlugins":null,'
                '"BuildTypes":null,"StaleBuildCheckFrequency":300,"HistoryCacheSeconds":0,'
                '"LogLevelName":"INFO","LogLevel":2,"Cmdline":"a \\u0026 \\u003cb\\u003e",'
                '"Kernel":"linux","Initrd":["initrd.gz"],'
                '"ImageURL":"http://files.internal:81/bookworm/amd64/",'
                '"OperatingSystem":"Bookworm","Finish":"finish.j2","Preseed":"bookworm.j2",'
                '"Params":{"mirror":"deb.internal","static":"True"},'
                '"StaleBuildThresholdSeconds":0,"StaleBuildCommands":null,'
                '"PreBuildCommands":null,"PostBuildCommands":null,"CancelBuildCommands":null,'
                '"UnknownBuildCommands":null,"PxeEventCommands":null,"Tags":[],'
                '"Description":"","Hostname":"linux001.internal","ShortName":"linux001",'
                '"Domain":"internal","Network":[{"Name":"eth0","Addresses4":[],"Addresses6":[],'
                '"MacAddress":"00dead907460","VlanID":0,"VlanName":"","Gateway4":"",'
                '"Gateway6":"","ZSideDevice":"","ZSideDeviceInterface":"","Tags":[],'
                '"Description":""}],"IpmiAddressRaw":"","IpmiUser":"","IpmiPassword":"***",'
                f'"BuildTypeName":""}},"TriggerMacRaw":"{MAC}",'
                f'"TriggerMacNormalized":"00dead907460","Token":"{token}"}}'
            )

    async def test_that_nobody_knows_is_404(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            answer = await site.get(f"/job/{WRONG}")

            assert plain(answer) == 404
            assert answer.text == f"Unable to find valid job for {WRONG}. job '{WRONG}' not found\n"


class TestCleanHistory:
    async def test_leaves_out_what_has_ended_and_nothing_else(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            old = await build(site)
            await site.get(f"/done/{HOST}/{old}")
            new = await build(site)

            answer = await site.ask("PUT", "/cleanhistory")

            assert (plain(answer), answer.body) == (200, OK)
            assert [each["Status"] for each in json.loads((await site.get("/status")).body)] == [
                "pending"
            ]
            assert (await site.get(f"/job/{old}")).status == 404
            await site.get(f"/done/{HOST}/{new}")
            assert json.loads((await site.get(f"/job/{new}")).body)["Status"] == "completed"
            await site.ask("PUT", "/cleanhistory")
            assert (await site.get("/status")).body == b"[]"
            assert len(await site.parts.builds.history(HOST)) == 4

    async def test_that_was_begun_first_and_ends_last_brings_nothing_back(self) -> None:
        records, index = LateRecords(), BuildIndex()
        jobs = Jobs(index, records, Pool("management"))
        records.builds = [replace(ended(1), state=State.PENDING)]
        first = asyncio.create_task(jobs.clean())
        await asyncio.sleep(0)
        records.builds = [ended(1), ended(2)]
        records.late = False

        await jobs.clean()
        records.go_on.set()
        await first

        assert await jobs.all() == []


def ended(number: int) -> Build:
    return replace(some_build(), number=number, state=State.INSTALLED)


class LateRecords(BuildRecords):
    """Records that say at the end what they had at the begin, of what is asked while ``late``."""

    def __init__(self) -> None:
        self.builds: list[Build] = []
        self.late = True
        self.go_on = asyncio.Event()

    async def newest(self, most: int) -> list[Build]:
        found = list(self.builds)
        if self.late:
            await self.go_on.wait()
        return found


class TestDefinition:
    async def test_is_the_merged_machine(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("kernel: linux\n", "")
        async with served(tmp_path, machine=machine) as site:
            plainly = await site.get(f"/definition/{HOST}")
            rescue = await site.get(f"/definition/{HOST}/rescue")

            assert plain(plainly) == plain(rescue) == 200
            assert plainly.text.startswith('{"TempPath":"","TemplatePath":"')
            assert json.loads(plainly.body)["Kernel"] == "linux"
            assert json.loads(rescue.body)["Kernel"] == "rescue.img"
            assert json.loads(rescue.body)["Network"][0]["MacAddress"] == MAC
            assert json.loads(rescue.body)["BuildTypes"]["rescue"]["Kernel"] == "rescue.img"

    @pytest.mark.parametrize(
        ("path", "why"),
        [
            ("nobody", "'nobody' ''. 'nobody' '' not found using any active plugin"),
            (f"{HOST}/x", f"'{HOST}' 'x'. build type 'x' not found"),
        ],
    )
    async def test_of_what_is_not_there_is_404(self, tmp_path: Path, path: str, why: str) -> None:
        async with served(tmp_path) as site:
            answer = await site.get(f"/definition/{path}")

            assert plain(answer) == 404
            assert answer.text == f"Unable to find host definition for {why}\n"

    async def test_of_a_broken_file_is_500_with_the_place(self, tmp_path: Path) -> None:
        async with served(tmp_path, machine=MACHINE.replace("kernel:", "kernle:")) as site:
            assert await site.get(f"/definition/{HOST}") == Answer(
                500,
                f"Bad machine data for '{HOST}' ''. {tmp_path}/machines/{HOST}.yaml:7:1: "
                "kernle: unknown key; did you mean 'kernel'?\n".encode(),
            )

    def test_shows_hooks_as_commands_and_levels_as_gos_numbers(self) -> None:
        found = machine_of(
            Machine.model_validate(
                {
                    "hostname": "web01",
                    "domain": "example.org",
                    "network": [{"vlan_id": "7", "addresses4": [{"cidr": "24"}]}],
                    "postbuild_commands": [
                        {"command": ["a", "b c"]},
                        {"command": "d", "should_log": False},
                        {"url": "http://192.0.2.1/", "errors_fatal": True},
                    ],
                }
            ),
            Settings.model_validate({"log": {"level": "warning"}}),
        )

        assert [each["Command"] for each in found["PostBuildCommands"]] == [
            "a 'b c'",
            "d",
            "http://192.0.2.1/",
        ]
        assert written(found["PostBuildCommands"][1]) == (
            '{"Command":"d","TimeoutSeconds":5,"ErrorsFatal":false,"ShouldLog":false}'
        )
        assert (found["LogLevelName"], found["LogLevel"]) == ("WARN", 1)
        assert (found["ShortName"], found["Domain"]) == ("web01", "example.org")
        assert found["Network"][0]["VlanID"] == 7
        assert found["Network"][0]["Addresses4"] == [
            {"IPAddress": "", "Netmask": "", "Cidr": "24", "Tags": [], "Description": ""}
        ]
        assert (found["Initrd"], found["Params"], found["MachineInventoryPlugins"]) == (None,) * 3


class TestTheEnds:
    @pytest.mark.parametrize(
        ("method", "path", "error"),
        [
            ("GET", "done", "Failed to finish build."),
            ("PUT", "cancel", "Failed to cancel build mode"),
            ("GET", "cancel", "Failed to cancel build mode"),
        ],
    )
    async def test_take_the_token_and_are_500_without(
        self, tmp_path: Path, method: str, path: str, error: str
    ) -> None:
        async with served(tmp_path) as site:
            token = await build(site)
            for wrong in (f"{HOST}/{WRONG}", f"nobody/{token}", f"{HOST}/%FF"):
                answer = await site.ask(method, f"/{path}/{wrong}")
                assert (plain(answer), answer.text) == (500, f"{error}\n")

            answer = await site.ask(method, f"/{path}/{HOST}/{token}")

            assert (plain(answer), answer.body) == (200, OK)
            assert (await site.get(f"/status/{HOST}")).status == 404


class TestTemplate:
    async def test_is_given_for_the_token_and_is_400_in_every_other_case(
        self, tmp_path: Path
    ) -> None:
        refused = Answer(400, b"Unable to render template\n")
        async with served(tmp_path) as site:
            token = await build(site)

            given = await site.get(f"/template/preseed/{HOST}/{token}")
            assert plain(given) == 200
            assert "deb.internal" in given.text
            assert await site.get(f"/template/any/{HOST}/{token}") == given
            assert await site.get(f"/template/preseed/{HOST}/{WRONG}") == refused
            assert await site.get(f"/template/preseed/nobody/{token}") == refused
            (tmp_path / "templates/bookworm.j2").write_text("{{ gone }}")
            broken = await site.get(f"/template/preseed/{HOST}/{token}")
            assert (plain(broken), broken) == (400, refused)


class TestBoot:
    async def test_is_pixiecores_json_with_gos_escapes(self, tmp_path: Path) -> None:
        async with served(tmp_path, machine=MACHINE.replace("quiet", "a&b")) as site:
            token = await build(site)
            answer = await site.get("/v1/boot/00-DE-AD-90-74-60")

            assert plain(answer) == 200
            assert answer.text == (
                '{"kernel":"http://files.internal:81/bookworm/amd64/linux",'
                '"initrd":["http://files.internal:81/bookworm/amd64/initrd.gz"],'
                '"cmdline":"interface=auto url=http://boot.internal:8090/template/preseed/'
                f'{HOST}/{token} a\\u0026b"}}'
            )
            assert (await site.get(f"/status/{HOST}")).text == "pending"

    async def test_without_an_initrd_has_null(self, tmp_path: Path) -> None:
        config = V3.replace("default_initrd: initrd.gz\n", "")
        machine = MACHINE.replace("initrd: initrd.gz\n", "")
        async with served(tmp_path, config=config, machine=machine) as site:
            await build(site)

            assert '"initrd":null,' in (await site.get(f"/v1/boot/{MAC}")).text

    @pytest.mark.parametrize(
        ("mac", "shown"), [(MAC, "00dead907460"), ("00-DE-AD-90-74-60", "00dead907460"), ("X", "x")]
    )
    async def test_without_a_job_is_500(self, tmp_path: Path, mac: str, shown: str) -> None:
        async with served(tmp_path) as site:
            answer = await site.get(f"/v1/boot/{mac}")

            assert plain(answer) == 500
            assert answer.text == f"failed to get pxe config: job not found for  '{shown}'\n"

    async def test_says_what_cannot_be_rendered(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            await build(site)
            path = tmp_path / f"machines/{HOST}.yaml"
            path.write_text(MACHINE.replace("quiet", "{{ gone }}"))
            await site.parts.machines.refresh()

            assert await site.get(f"/v1/boot/{MAC}") == Answer(
                500, b"failed to get pxe config: cmdline:1: 'gone' is undefined\n"
            )

    async def test_of_an_unknown_machine_is_the_unknown_types(self, tmp_path: Path) -> None:
        config = (
            f"{ALL_LOCAL}waitron_api: 3\nunknown: _unknown_\n"
            "build_types: {_unknown_: {cmdline: 'mac={{ MAC }}'}}\n"
        )
        async with served(tmp_path, config=config) as site:
            answer = await site.get("/v1/boot/52:54:00:00:00:07")

            assert plain(answer) == 200
            assert answer.text == (
                '{"kernel":"http://boot.internal:8090/images/linux",'
                '"initrd":["http://boot.internal:8090/images/initrd.gz"],'
                '"cmdline":"mac=52:54:00:00:00:07"}'
            )
            assert (await site.get(f"/v1/boot/{MAC}")).status == 500


class TestOutsiders:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", f"/build/{HOST}"),
            ("PUT", f"/build/{HOST}/rescue"),
            ("GET", "/status"),
            ("GET", f"/status/{HOST}"),
            ("GET", f"/job/{WRONG}"),
            ("PUT", "/cleanhistory"),
            ("GET", f"/definition/{HOST}"),
            ("GET", f"/definition/{HOST}/rescue"),
            ("GET", "/list"),
        ],
    )
    async def test_may_not_manage(self, tmp_path: Path, method: str, path: str) -> None:
        async with served(tmp_path, to_strangers=True) as site:
            answer = await site.ask(method, path)

            assert answer.status == 403
            assert "api.allow" in answer.text

    async def test_may_do_what_a_machine_must(self, tmp_path: Path) -> None:
        async with served(tmp_path, to_strangers=True) as site:
            assert (await site.get(f"/v1/boot/{MAC}")).status == 500
            assert (await site.get(f"/done/{HOST}/{WRONG}")).status == 500
            assert (await site.get(f"/template/preseed/{HOST}/{WRONG}")).status == 400
            assert (await site.get("/health")).status == 200

    async def test_who_may_only_build_cannot_send_commands_along(self, tmp_path: Path) -> None:
        async with served(tmp_path, to_strangers=True) as site:
            _, token = await site.parts.tokens.create("ci", Scope.BUILD, None)
            own = f"Bearer {token}"

            hooks = b"prebuild_commands: [{command: 'true'}]"
            assert (await site.ask("PUT", f"/build/{HOST}", hooks, Authorization=own)).status == 403
            assert (await site.ask("PUT", f"/build/{HOST}", Authorization=own)).status == 200


class TestJobs:
    async def test_remember_a_bounded_number_of_templates(self, tmp_path: Path) -> None:
        async with served(tmp_path) as site:
            await build(site)
            one = site.parts.index.of(HOST)
            assert one is not None
            jobs = Jobs(site.parts.index, site.parts.records, site.parts.pools.management)
            for number in range(5000):
                jobs.processing(replace(one, token=str(number)), "preseed", "f")

            assert len(jobs._stages) == 4096
            assert jobs.status(replace(one, token="0")) == ("pending", "")
            assert jobs.status(replace(one, token="4999")) == ("preseed", "processing f")


class TestWithoutTheSetting:
    async def test_waitron_3s_own_routes_are_not_there(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            assert (await site.get(f"/job/{WRONG}")).status == 404
            assert (await site.get(f"/definition/{HOST}")).status == 404
            assert (await site.ask("PUT", "/cleanhistory")).status == 404
