"""waitron's routes, with the answers that scripts compare, to the byte."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from pyxie.builds.elapsed import DONE_AGAIN
from pyxie.events.kind import Step
from pyxie.logs import _LIBRARIES
from pyxie.store.database import Database
from tests.builds.stores import FillingRecords
from tests.http.site import CONFIG, FINISH, HOST, MACHINE, PRESEED, Answer, lay, serving

WRONG = "00000000-0000-4000-8000-000000000000"
UNKNOWN = Answer(404, b"Unknown state\n")
INVALID = Answer(401, b"Invalid Token\n")
NOT_IN_BUILD = Answer(404, b"Not in build mode\n")
OK = Answer(200, b"OK")


class TestTheSeedsWalk:
    async def test_a_machine_is_built_booted_and_done(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            built = await served.ask("PUT", f"/build/{HOST}")
            token = built.headers["Build-Token"]

            assert built == OK
            assert await served.get("/status") == Answer(200, b'{"linux001.internal":"Installing"}')
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installing")
            boot = await served.get("/v1/boot/00:de:ad:90:74:60")
            assert boot.status == 200
            assert boot.text == (
                '{"kernel":"http://files.internal:81/bookworm/amd64/linux",'
                '"initrd":["http://files.internal:81/bookworm/amd64/initrd.gz"],'
                '"cmdline":"interface=auto url=http://boot.internal:8090/template/preseed/'
                f'linux001.internal/{token} quiet"}}'
            )
            assert (await served.get(f"/template/preseed/{HOST}/{token}")).text == (
                "d-i mirror/http/hostname string deb.internal\n"
                "d-i netcfg/get_hostname string linux001.internal\n"
                "d-i netcfg/disable_autoconfig boolean true\n"
            )
            assert (await served.get(f"/template/finish/{HOST}/{token}")).text == (
                f"wget http://boot.internal:8090/done/linux001.internal/{token}\n"
            )
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installing")
            assert await served.get(f"/done/{HOST}/{token}") == OK
            assert await served.get("/status") == Answer(200, b'{"linux001.internal":"Installed"}')
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installed")
            assert await served.get("/v1/boot/00:de:ad:90:74:60") == NOT_IN_BUILD

    async def test_machine_files_are_listed_by_name(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.get("/list") == Answer(200, b'["linux001.internal.yaml"]')

    async def test_nothing_was_ever_built(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.get("/status") == Answer(200, b"{}")
            assert await served.get(f"/status/{HOST}") == UNKNOWN
            assert await served.get("/status/nobody") == UNKNOWN
            assert await served.get("/v1/boot/00:de:ad:90:74:60") == NOT_IN_BUILD


class TestBuild:
    async def test_a_client_that_takes_json_gets_the_token_in_the_body(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask("PUT", f"/build/{HOST}", Accept="application/json, */*")

            token = answer.headers["Build-Token"]
            assert json.loads(answer.body) == {"Token": token, "State": "OK"}
            assert answer.headers["Content-Type"] == "application/json; charset=utf-8"

    async def test_again_it_replaces_the_build_and_kills_its_token(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            old, new = await served.build(), await served.build()

            assert old != new
            for route in ("template/preseed", "done", "cancel"):
                assert await served.get(f"/{route}/{HOST}/{old}") == INVALID
            assert await served.get(f"/done/{HOST}/{new}") == OK

    async def test_two_at_once_are_both_answered_and_one_token_is_good(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            tokens = await asyncio.gather(*[served.build() for _ in range(8)])

            answers = [await served.get(f"/template/finish/{HOST}/{token}") for token in tokens]
            assert sorted(answer.status for answer in answers) == [200] + [401] * 7

    async def test_an_unknown_host_is_told_the_near_names(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.ask("PUT", "/build/linux001") == Answer(
                404,
                b"Unable to find host definition for linux001\nDid you mean linux001.internal?\n",
            )
            assert await served.ask("PUT", "/build/nothing-like-it") == Answer(
                404, b"Unable to find host definition for nothing-like-it\n"
            )

    async def test_letter_case_and_percent_signs_do_not_matter(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build("LINUX001.Internal")

            assert await served.get("/status/%6cinux001%2Einternal") == Answer(200, b"Installing")
            assert await served.get(f"/done/LINUX001.internal/{token}") == OK

    async def test_a_machine_added_since_is_found_at_once(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=None) as served:
            lay(tmp_path)

            await served.build()

    async def test_a_broken_machine_file_is_refused_with_the_place(self, tmp_path: Path) -> None:
        broken = MACHINE.replace("kernel:", "kernle:")
        async with serving(tmp_path, machine=broken) as served:
            file = tmp_path / "machines" / f"{HOST}.yaml"
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400, f"{file}:7:1: kernle: unknown key; did you mean 'kernel'?\n".encode()
            )

    @pytest.mark.parametrize(
        ("preseed", "complaint"),
        [
            ("a\n{{ machine.Params.disk }}\n", "'machine.params.disk' is undefined"),
            ("a\n{{ nobody }}\n", "'nobody' is undefined"),
            (
                "a\n{% for d in machine.Params.disks %}x{% endfor %}\n",
                "'machine.params.disks' is undefined",
            ),
        ],
    )
    async def test_an_undefined_name_is_refused_with_template_line_and_name(
        self, tmp_path: Path, preseed: str, complaint: str
    ) -> None:
        async with serving(tmp_path, preseed=preseed) as served:
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400, f"bookworm.j2:2: {complaint}\n".encode()
            )
            assert await served.get(f"/status/{HOST}") == UNKNOWN
            assert await served.get("/v1/boot/00:de:ad:90:74:60") == NOT_IN_BUILD
            assert served.texts() == [f"build refused: bookworm.j2:2: {complaint}"]

    async def test_an_undefined_name_in_the_finish_or_the_command_line_is_refused_too(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, finish=FINISH + "{{ gone }}") as served:
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400, b"finish.j2:2: 'gone' is undefined\n"
            )
        async with serving(tmp_path, machine=MACHINE.replace("quiet", "{{ gone }}")) as served:
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400, b"cmdline:1: 'gone' is undefined\n"
            )

    async def test_a_missing_template_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path, preseed=None) as served:
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400,
                f"bookworm.j2: there is no such template in {tmp_path}/templates\n".encode(),
            )

    async def test_testing_an_undefined_name_is_false(self, tmp_path: Path) -> None:
        preseed = (
            '{% if machine.Params.disk == "sda" or nobody or machine.Params.x is defined %}no'
            "{% else %}{{ machine.Params.y | default('yes') }}{% endif %}"
        )
        async with serving(tmp_path, preseed=preseed) as served:
            token = await served.build()

            assert (await served.get(f"/template/preseed/{HOST}/{token}")).text == "yes"

    async def test_a_refusal_leaves_the_build_there_is(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            (tmp_path / "templates/bookworm.j2").write_text("{{ gone }}")

            assert (await served.ask("PUT", f"/build/{HOST}")).status == 400
            assert await served.get(f"/done/{HOST}/{token}") == OK

    async def test_a_full_disk_refuses_it_with_the_reason_and_lets_done_through(
        self, tmp_path: Path
    ) -> None:
        made: list[FillingRecords] = []

        def records(database: Database, **named: Callable[[], int]) -> FillingRecords:
            made.append(FillingRecords(database, **named))
            return made[-1]

        async with serving(tmp_path, records=records) as served:
            token = await served.build()
            made[0].full = True

            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                507,
                b"Failed to set build mode on linux001.internal: "
                b"the state cannot be written: database or disk is full\n",
            )
            assert await served.get(f"/done/{HOST}/{token}") == OK
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installed")
            made[0].full = False


class TestDone:
    async def test_again_it_is_ok_for_a_day(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            assert await served.get(f"/done/{HOST}/{token}") == OK

            served.clock.now += DONE_AGAIN - 1
            assert await served.get(f"/done/{HOST}/{token}") == OK
            served.clock.now += 2
            assert await served.get(f"/done/{HOST}/{token}") == INVALID
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installed")

    @pytest.mark.parametrize("route", ["done", "cancel", "failed", "template/preseed"])
    async def test_by_post_is_as_good_as_by_get(self, tmp_path: Path, route: str) -> None:
        """cloud-init's phone_home can do nothing else."""
        async with serving(tmp_path) as served:
            token = await served.build()

            posted = await served.ask("POST", f"/{route}/{HOST}/{token}", b"instance_id=x")

            told = await served.build(), await served.parts.builds.history(HOST)
            states = [step["state"] for step in told[1]]
            assert posted.status == 200
            assert {"done": "installed", "cancel": "cancelled", "failed": "failed"}.get(
                route, "installing"
            ) in states

    async def test_does_not_wait_for_a_body(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            head = f"POST /done/{HOST}/{token} HTTP/1.0\r\nContent-Length: 99999999999\r\n\r\nx"

            reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.write(head.encode())
            async with asyncio.timeout(60):
                answer = await reader.readuntil(b"\r\n\r\nOK")
            writer.close()

            assert answer.split()[1] == b"200"

    @pytest.mark.parametrize(
        "path", ["//done/{}", "/done//{}", "/done/{}/", "///done/{}//"], ids=str
    )
    async def test_may_have_slashes_too_many(self, tmp_path: Path, path: str) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            for method in ("GET", "POST"):
                assert await served.ask(method, path.format(f"{HOST}//{token}")) == OK
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installed")

    async def test_counts_as_one_route_however_it_is_spelt(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            await served.get(f"//done/{HOST}/{token}/")

            labels = {"route": "/done/{hostname}/{token}", "method": "GET", "status": "200"}
            assert served.counted("pyxie_http_requests_total", **labels) == 1

    @pytest.mark.parametrize("method", ["HEAD", "DELETE", "OPTIONS"])
    async def test_only_the_right_method_ends_a_build(self, tmp_path: Path, method: str) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            for route in ("done", "cancel", "template/preseed"):
                assert (await served.ask(method, f"/{route}/{HOST}/{token}")).status == 405
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installing")
            assert [step["state"] for step in await served.parts.builds.history(HOST)] == [
                "pending"
            ]


class TestCancel:
    @pytest.mark.parametrize("method", ["GET", "PUT"])
    async def test_the_machine_leaves_status_and_build_mode(
        self, tmp_path: Path, method: str
    ) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            assert await served.ask(method, f"/cancel/{HOST}/{token}") == OK
            assert await served.get("/status") == Answer(200, b"{}")
            assert await served.get(f"/status/{HOST}") == UNKNOWN
            assert await served.get("/v1/boot/00:de:ad:90:74:60") == NOT_IN_BUILD
            assert await served.get(f"/done/{HOST}/{token}") == INVALID


class TestTokens:
    @pytest.mark.parametrize("route", ["template/preseed", "template/finish", "done", "cancel"])
    async def test_any_other_than_the_builds_is_invalid(self, tmp_path: Path, route: str) -> None:
        tokens = (WRONG, "x", "x" * 4000, "t%C3%B6k%C3%ABn", "%FF", "%00", "%ED%A0%80", "%0d%0aX")
        async with serving(tmp_path) as served:
            await served.build()

            for token in tokens:
                assert await served.get(f"/{route}/{HOST}/{token}") == INVALID, token

    async def test_bytes_that_are_no_utf8_are_no_token(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            answer = await served.raw(
                b"GET /done/linux001.internal/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n"
                b"Connection: close\r\n\r\n"
            )

            assert answer.split(b" ", 2)[1] in (b"400", b"401")

    async def test_of_an_unknown_host_none_is_asked_for(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for route in ("template/preseed", "done", "cancel"):
                assert await served.get(f"/{route}/linux001/{WRONG}") == Answer(
                    404,
                    b"Unable to find host definition for linux001\n"
                    b"Did you mean linux001.internal?\n",
                )

    async def test_strangers_are_not_told_the_near_names(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            for route in ("template/preseed", "done", "cancel"):
                assert await served.get(f"/{route}/linux001/{WRONG}") == Answer(
                    404, b"Unable to find host definition for linux001\n"
                )

    @pytest.mark.parametrize("name", ["a%0d%0aSet-Cookie:%20x", "a%00", "%FF", "%F0%9F%90%A7"])
    async def test_a_hosts_name_that_is_no_name_is_unknown_and_no_bug(
        self, tmp_path: Path, name: str
    ) -> None:
        async with serving(tmp_path) as served:
            answers = [
                await served.get(f"/done/{name}/{WRONG}"),
                await served.ask("PUT", f"/build/{name}"),
                await served.get(f"/status/{name}"),
                await served.ask("DELETE", f"/api/v1/builds/{name}"),
                await served.get(f"/api/v1/machines/{name}"),
            ]

            assert [answer.status for answer in answers] == [404] * 5
            assert not any("Set-Cookie" in answer.headers for answer in answers)

    async def test_no_log_record_of_any_level_shows_one(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for library in _LIBRARIES:  # as pyxie.logs does, even at level debug
            caplog.set_level(logging.WARNING, logger=library)
        caplog.set_level(1)
        async with serving(tmp_path) as served:
            token = await served.build()
            for path in (
                f"/ipxe/{MAC_DASHED}",
                f"/booting/{MAC_DASHED}/{token}",
                f"/template/preseed/{HOST}/{token}",
                f"/template/preseed/{HOST}/{token}/",
                f"/template/{HOST}/{token}",
                f"/done/{HOST}/{token}/more",
                f"/{token}",
                f"/done/{HOST}/{token}",
                f"/done/{HOST}/{token}",
                f"/cancel/{HOST}/{token}",
                f"/done/unknown/{token}",
            ):
                for method in ("GET", "HEAD", "POST"):
                    await served.ask(method, path)
            events = (await served.get("/api/v1/events")).text
            history = (await served.get(f"/api/v1/machines/{HOST}")).text
            metrics = (await served.get("/metrics")).text

        assert len(caplog.records) > 30
        shown = "\n".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records)
        for told in (shown, events, history, metrics):
            assert token not in told


MAC_DASHED = "00-de-ad-90-74-60"


class TestAnyNic:
    @pytest.mark.parametrize(
        "mac", ["00:DE:AD:90:74:60", "00-de-ad-90-74-60", "00dead907460", "00de.ad90.7460"]
    )
    async def test_in_any_spelling_finds_the_machine(self, tmp_path: Path, mac: str) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            assert (await served.get(f"/v1/boot/{mac}")).status == 200

    @pytest.mark.parametrize("mac", ["x", "00:de:ad:90:74", "%FF", "00:de:ad:90:74:60:00"])
    async def test_what_is_no_mac_is_not_in_build_mode(self, tmp_path: Path, mac: str) -> None:
        async with serving(tmp_path) as served:
            assert await served.get(f"/v1/boot/{mac}") == NOT_IN_BUILD

    async def test_asking_changes_nothing(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            before, told = served.parts.index.of(HOST), served.texts()
            for _ in range(3):
                await served.get("/v1/boot/00:de:ad:90:74:60")

            assert served.parts.index.of(HOST) == before
            assert served.texts() == told


class TestEditedMeanwhile:
    async def test_an_edit_counts_from_then_on(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            lay(tmp_path, machine=MACHINE.replace("static: True", "static: No"))
            await served.parts.machines.refresh()

            assert (
                "disable_autoconfig"
                not in (await served.get(f"/template/preseed/{HOST}/{token}")).text
            )

    @pytest.mark.parametrize(
        "machine", ["{", MACHINE.replace("hostname: linux001.internal", "hostname: linux002")]
    )
    async def test_a_file_broken_or_renamed_does_not_end_the_installation(
        self, tmp_path: Path, machine: str
    ) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            lay(tmp_path, machine=machine)
            await served.parts.machines.refresh()

            assert (await served.get(f"/template/preseed/{HOST}/{token}")).status == 200
            assert await served.get(f"/done/{HOST}/{token}") == OK
            assert await served.get("/status") == Answer(200, b'{"linux001.internal":"Installed"}')

    async def test_a_template_broken_since_is_400_and_an_event(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            (tmp_path / "templates/bookworm.j2").write_text(PRESEED + "{{ gone }}")

            assert await served.get(f"/template/preseed/{HOST}/{token}") == Answer(
                400, b"Unable to render template\nbookworm.j2:6: 'gone' is undefined\n"
            )
            assert served.texts(Step.TROUBLE) == [
                "template preseed: bookworm.j2:6: 'gone' is undefined"
            ]

    async def test_any_word_but_finish_means_the_preseed(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            one = await served.get(f"/template/preseed/{HOST}/{token}")
            assert await served.get(f"/template/kickstart%1b%5b2J/{HOST}/{token}") == one
            assert served.texts(Step.TEMPLATE) == ["fetched preseed", "fetched kickstart\\x1b[2J"]


class TestBaseUrl:
    async def test_is_our_address_where_none_is_set(self, tmp_path: Path) -> None:
        """A caller on the host itself gets the address of the first served interface."""
        config = CONFIG.replace("baseurl: http://boot.internal:8090\n", "")
        async with serving(tmp_path, config=config) as served:
            token = await served.build()

            assert (await served.get(f"/template/finish/{HOST}/{token}", Host="evil.example")) == (
                Answer(
                    200,
                    f"wget http://192.0.2.1:{served.server.port}/done/{HOST}/{token}\n".encode(),
                )
            )
