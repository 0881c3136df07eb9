"""Builds over REST: types, what a call may say, one at a time, failure, definitions."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pyxie.builds.life import Build, State
from pyxie.builds.stale import StaleWatch
from pyxie.builds.stale import threshold as stale_after
from pyxie.shipped import shipped
from tests.builds.stores import FillingRecords
from tests.http.site import ALL_LOCAL, CONFIG, HOST, LOCAL, MAC, MACHINE, Answer, Served, serving
from tests.loaders.programs import X64

TYPES = f"{CONFIG}build_types: {{rescue: {{params: {{mirror: other}}, cmdline: rescue}}}}\n"
BARE = MACHINE.replace("cmdline", "description").replace("kernel: linux\n", "")


async def send(
    served: Served, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    """Make a request with a body; return the status and the JSON that came back."""
    text = body if isinstance(body, str | bytes | None) else json.dumps(body)
    raw = text.encode() if isinstance(text, str) else text
    data = io.BytesIO(raw) if raw else None
    url = served.url + path
    async with served.session.request(method, url, data=data, headers=headers) as answer:
        text = await answer.text()
        kind = answer.content_type
        return answer.status, json.loads(text) if "json" in kind else text


class TestTypes:
    async def test_are_in_the_url_and_change_what_is_served(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=TYPES, machine=BARE) as served:
            answer = await served.ask("PUT", f"/build/{HOST}/rescue")
            token = answer.headers["Build-Token"]

            assert json.loads((await served.get("/v1/boot/00:de:ad:90:74:60")).body)["cmdline"] == (
                "rescue"
            )
            assert (await served.get(f"/template/preseed/{HOST}/{token}")).text.startswith(
                "d-i mirror/http/hostname string deb.internal\n"  # config is config.yaml's own
            )
            build = served.parts.index.of(HOST)
            assert build is not None
            assert build.build_type == "rescue"

    async def test_that_are_not_there_are_404_with_a_near_name(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=TYPES) as served:
            assert await served.ask("PUT", f"/build/{HOST}/rescu") == Answer(
                404,
                b"build type 'rescu' is not one of 'build_types' in config.yaml; "
                b"did you mean 'rescue'?\n",
            )

    async def test_of_a_build_outlive_a_restart(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=TYPES, machine=BARE) as served:
            status, _ = await send(served, "PUT", f"/build/{HOST}/rescue", "params: {x: y}\n")
            assert status == 200
        async with serving(tmp_path, config=TYPES, machine=BARE) as served:
            build = served.parts.index.active(HOST)
            assert build is not None
            machine = served.parts.definitions.of(build)

        assert (machine.cmdline, machine.params["x"]) == ("rescue", "y")


class TestTheBody:
    @pytest.mark.parametrize(
        "body", ['{"params": {"mirror": "body"}}', "params:\n  mirror: body\n"]
    )
    async def test_counts_for_this_build_alone(self, tmp_path: Path, body: str) -> None:
        preseed = "{{ machine.Params.mirror }}\n"
        async with serving(tmp_path, preseed=preseed) as served:
            async with served.session.put(f"{served.url}/build/{HOST}", data=body) as answer:
                token = answer.headers["Build-Token"]
            assert (await served.get(f"/template/preseed/{HOST}/{token}")).text == "body\n"

            token = await served.build()
            assert (await served.get(f"/template/preseed/{HOST}/{token}")).text == "deb.internal\n"

    async def test_that_is_wrong_is_refused_with_the_place(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for body, said in (
                ("kernle: x\n", "body:1:1: kernle: unknown key; did you mean 'kernel'?\n"),
                ("x", "body:1:1: must be a mapping of keys to values\n"),
                ("a: [", "body:2:1: is not YAML"),
                ("hostname: other\n", f"body:1:11: hostname: is not {HOST}, which is being"),
            ):
                status, text = await send(served, "PUT", f"/build/{HOST}", body)
                assert status == 400
                assert text.startswith(said)
            assert served.parts.index.of(HOST) is None

    @pytest.mark.parametrize(
        ("disk", "said"),
        [
            ("serial:", "'serial:' names no disk: nothing follows 'serial:'"),
            ("/sda", "'/sda' is not below /dev/: a disk is "),
            ("first", "'first' names no disk: it is "),
        ],
    )
    async def test_whose_disk_is_none_is_refused_with_the_place(
        self, tmp_path: Path, disk: str, said: str
    ) -> None:
        async with serving(tmp_path) as served:
            body = f'preseed: debian12.preseed.j2\nparams: {{disk: "{disk}"}}\n'
            status, text = await send(served, "PUT", f"/build/{HOST}", body)

            assert status == 400
            assert text.startswith(f"body:2:16: params.disk: {said}")
            assert served.parts.index.of(HOST) is None

    async def test_over_64_kib_is_too_large(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            status, said = await send(served, "PUT", f"/build/{HOST}", "#" * 65_537)

            assert (status, said) == (413, "the body is over 64 KiB\n")

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            (
                "loader: snponly.ef\n",
                (
                    "body:1:9: loader: there is no boot loader 'snponly.ef' in {ipxe}; "
                    "did you mean 'snponly.efi'?"
                ),
            ),
            (
                "loader: {BIOS: snponly.efi}\n",
                "body:1:9: loader: 'snponly.efi' is for x64 UEFI, not for BIOS",
            ),
            (
                "loader: ../x\n",
                "body:1:9: loader: '../x' is not a boot loader's name like snponly.efi",
            ),
            (
                "params: {}\nloader: {x64 UEFY: a.efi}\n",
                (
                    "body:2:9: loader: 'x64 UEFY' is no client architecture that pyxie knows; "
                    "did you mean 'x64 uefi'?"
                ),
            ),
        ],
    )
    async def test_a_loader_that_is_none_is_refused(
        self, tmp_path: Path, said: str, why: str
    ) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / "ipxe/snponly.efi").write_bytes(X64)
            status, text = await send(served, "PUT", f"/build/{HOST}", said)

        assert (status, text) == (400, why.format(ipxe=tmp_path / "ipxe") + "\n")

    async def test_a_loader_is_shown_with_its_place(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=f"{CONFIG}loader: {{BIOS: undionly.kpxe}}\n") as served:
            _, told = await send(served, "GET", f"/api/v1/machines/{HOST}/definition")

        [origin] = [each for each in told["origins"] if each["path"].startswith("loader")]
        assert (origin["layer"], origin["line"]) == ("settings", 12)


class TestASystem:
    @pytest.mark.parametrize("body", ["os: debian-12", '{"os": "debian-12", "arch": "arm64"}'])
    async def test_that_the_call_names_is_what_the_machine_boots(
        self, tmp_path: Path, body: str
    ) -> None:
        """The machine's own file names another kernel, which the recipe takes the place of."""
        config = f"{ALL_LOCAL}mirrors: {{debian: http://127.0.0.1:1/debian}}\n"
        async with serving(tmp_path, machine=LOCAL, config=config) as served:
            status, answer = await send(served, "PUT", f"/build/{HOST}", body)
            assert (status, answer) == (200, "OK")
            build = served.parts.index.active(HOST)
            assert build is not None
            machine = served.parts.definitions.of(build)
            script = (await served.get(f"/ipxe/{MAC}")).text

        arch = "arm64" if "arm64" in body else "amd64"
        assert machine.image_url == (
            "http://127.0.0.1:1/debian/dists/bookworm/main/"
            f"installer-{arch}/current/images/netboot/debian-installer/{arch}/"
        )
        assert (machine.kernel, machine.initrd) == ("linux", ("initrd.gz",))
        assert "auto=true priority=critical url=http://boot.internal:8090/template/" in script

    async def test_that_is_not_there_is_refused_with_its_place(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            status, answer = await send(served, "PUT", f"/build/{HOST}", "os: debain-12")

            assert status == 400
            assert "body:1:5: os: there is no recipe for 'debain-12'" in str(answer)
            assert served.parts.index.active(HOST) is None

    async def test_is_told_with_the_line_of_its_recipe(self, tmp_path: Path) -> None:
        machine = f"os: debian-12\nnetwork: [{{macaddress: '{MAC}'}}]\n"
        async with serving(tmp_path, machine=machine, config="") as served:
            _, found = await send(served, "GET", f"/api/v1/machines/{HOST}/definition")

        (kernel,) = (each for each in found["origins"] if each["path"] == "kernel")
        assert (kernel["value"], kernel["layer"]) == ("linux", "recipe debian-12")
        assert Path(kernel["file"]).parts[-2:] == ("recipes", "debian-12.yaml")
        recipe = shipped("recipes/debian-12.yaml").read_text().splitlines()
        assert recipe[kernel["line"] - 1] == "kernel: linux"
        assert found["problems"] == []


class TestOneAtATime:
    async def test_another_is_409_unless_replace_is_asked(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            path = f"/api/v1/builds/{HOST}"
            first = await send(served, "PUT", path)
            second = await send(served, "PUT", path)
            third = await send(served, "PUT", path, {"replace": True})

            assert (first[0], second[0], third[0]) == (200, 409, 200)
            assert second[1]["detail"] == (
                f"{HOST} is in build mode; say replace=true (--replace) to begin anew"
            )
            assert first[1]["token"] != third[1]["token"]

    async def test_the_api_takes_a_type_and_a_definition(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=TYPES, machine=BARE) as served:
            wanted = {"build_type": "rescue", "definition": {"params": {"x": "y"}}}
            status, told = await send(served, "PUT", f"/api/v1/builds/{HOST}", wanted)
            build = served.parts.index.active(HOST)

            assert (status, told["build_type"]) == (200, "rescue")
            assert build is not None
            assert served.parts.definitions.of(build).params["x"] == "y"

    async def test_a_type_that_is_asked_for_is_what_the_machine_gets(self, tmp_path: Path) -> None:
        """Not the installation that its own file is written for."""
        config = f"{CONFIG}build_types: {{rescue: {{preseed: rescue.j2, cmdline: rescue}}}}\n"
        async with serving(tmp_path, config=config) as served:
            (tmp_path / "templates/rescue.j2").write_text("nothing is installed\n")
            token = (await served.ask("PUT", f"/build/{HOST}/rescue")).headers["Build-Token"]

            preseed = await served.get(f"/template/preseed/{HOST}/{token}")
            boot = json.loads((await served.get(f"/v1/boot/{MAC}")).body)

            assert preseed.text == "nothing is installed\n"
            assert boot["cmdline"] == "rescue"

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("[", "the body is not JSON"),
            ("[]", "must be"),
            ('{"replac": true}', "replac: "),
            ('{"replaec": true}', "replaec: unknown key; did you mean 'replace'?"),
            ('{"definition": {"kernle": "x"}}', "body:1:2: kernle: unknown key"),
        ],
    )
    async def test_a_body_that_is_wrong_is_400(self, tmp_path: Path, body: str, said: str) -> None:
        async with serving(tmp_path) as served:
            status, told = await send(served, "PUT", f"/api/v1/builds/{HOST}", body)

            assert status == 400
            assert said in told["detail"]


class TestFailed:
    async def test_ends_the_build_and_keeps_reason_and_log(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            path = f"/failed/{HOST}/{token}?reason=no+disk"
            body = b"x" * 100_000 + b"\nlast \xff\n"

            assert await send(served, "POST", path, body) == (200, "OK")
            assert await send(served, "POST", path, b"") == (200, "OK")  # said again
            status, told = await send(served, "GET", f"/api/v1/builds/{HOST}/log")

            assert (status, told["state"], told["reason"]) == (200, "failed", "no disk")
            assert len(told["log"]) == 64 << 10
            assert told["log"].endswith("x\nlast \ufffd\n")
            assert (await served.get("/v1/boot/00:de:ad:90:74:60")).status == 404
            assert (await served.get(f"/done/{HOST}/{token}")).status == 401
            assert "failed: no disk" in [
                step["cause"] for step in await served.parts.builds.history(HOST)
            ]

    async def test_needs_the_token_before_it_takes_a_log(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            assert (await send(served, "POST", f"/failed/{HOST}/x", b"x" * (1 << 20)))[0] == 401

    async def test_a_log_without_end_is_cut_off(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            status, _ = await send(served, "POST", f"/failed/{HOST}/{token}", b"x" * (65 << 20))

            assert status == 413
            assert served.parts.index.active(HOST)

    async def test_can_be_said_without_the_token_by_who_may_manage(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            path = f"/api/v1/builds/{HOST}/failed"
            status, told = await send(served, "POST", path, {"reason": "a", "log": "b"})

            assert (status, told["state"], told["reason"]) == (200, "failed", "a")
            assert (await send(served, "POST", path))[0] == 404

    async def test_a_machine_that_did_not_fail_has_no_log(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert (await send(served, "GET", f"/api/v1/builds/{HOST}/log"))[0] == 404

    async def test_is_known_after_a_restart(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            await served.get(f"/failed/{HOST}/{token}?reason=r")
        async with serving(tmp_path) as served:
            build = served.parts.index.of(HOST)
            assert build is not None
            assert (build.state, build.reason) == (State.FAILED, "r")
            assert (await served.get(f"/failed/{HOST}/{token}")).status == 200


class TestStale:
    async def test_a_build_becomes_so_once_and_its_token_stays_good(self, tmp_path: Path) -> None:
        stale = f"{MACHINE}stale_build_threshold_secs: 60\n"
        async with serving(tmp_path, machine=stale, records=FillingRecords) as served:
            token = await served.build()
            builds = served.parts.builds

            def threshold(build: Build) -> int:
                return stale_after(served.parts.definitions.of(build))

            watch = StaleWatch(builds, threshold)
            served.clock.now += 59
            await watch.look()
            assert builds.index.stale == 0
            served.clock.now += 1
            await watch.look()
            assert builds.index.stale == 1

            served.clock.now += 1
            await watch.look()
            assert (await served.get(f"/template/preseed/{HOST}/{token}")).status == 200
            assert builds.index.of(HOST) is not None
            assert [step["state"] for step in await builds.history(HOST)] == ["pending", "stale"]
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installing")
            assert (await served.get(f"/done/{HOST}/{token}")).status == 200


NO_PRESEED = (
    f"cmdline: asks for the template 'preseed', and {HOST} has none: "
    "set 'preseed', or build a type that has it"
)


class TestACommandLineThatAsksInVain:
    """It is spelt by hand in this site, as waitron's files have it."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [("PUT", f"/build/{HOST}"), ("PUT", f"/api/v1/builds/{HOST}")],
        ids=["waitron", "api"],
    )
    async def test_is_refused(self, tmp_path: Path, method: str, path: str) -> None:
        async with serving(
            tmp_path, machine=MACHINE.replace("preseed: bookworm.j2\n", "")
        ) as served:
            answer = await served.ask(method, path)

            assert answer.status == 400
            assert NO_PRESEED in answer.text
            assert served.parts.index.active(HOST) is None

    async def test_is_in_what_would_come_of_a_build(self, tmp_path: Path) -> None:
        async with serving(
            tmp_path, machine=MACHINE.replace("preseed: bookworm.j2\n", "")
        ) as served:
            answer = await served.get(f"/api/v1/machines/{HOST}/definition")

            [problem] = json.loads(answer.body)["problems"]
            assert problem.endswith(f".yaml:4:10: {NO_PRESEED}")


class TestTrouble:
    """What a build cannot go on by, for those who look at builds and not at events."""

    async def test_is_told_with_its_time_until_it_is_over(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=LOCAL, config=ALL_LOCAL) as served:
            for name in ("linux", "initrd.gz"):
                lay_image(tmp_path, f"deb/{name}")
            lay_image(tmp_path, "firmware.cpio")
            token = await served.build()
            (tmp_path / "images/deb/linux").unlink()

            kernel = await served.get(f"/boot/{HOST}/kernel/linux")
            told = [await trouble(served, path) for path in WITH_BUILDS]
            health = json.loads((await served.get("/health")).body)["in_trouble"]
            counted = served.counted("pyxie_builds_in_trouble")
            await served.get(f"/booting/{MAC}/{token}")
            over = [await trouble(served, path) for path in WITH_BUILDS]

            assert kernel.status == 404
            assert told == [
                {
                    "at": served.clock.now,
                    "code": "image.failed",
                    "text": "kernel: deb/linux: no such file",
                }
            ] * len(WITH_BUILDS)
            assert (health, counted) == (1, 1)
            assert over == [None] * len(WITH_BUILDS)
            assert json.loads((await served.get("/health")).body)["in_trouble"] == 0

    async def test_is_a_server_of_images_that_is_dead(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("http://files.internal:81/bookworm", "http://127.0.0.1:1")
        async with serving(tmp_path, machine=machine) as served:
            await served.build()

            await served.get(f"/boot/{HOST}/kernel/linux")

            found = await trouble(served, f"/api/v1/machines/{HOST}")
            assert found["text"].startswith("kernel: http://127.0.0.1:1/amd64/linux: ")

    async def test_of_one_build_is_not_the_next_ones(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("http://files.internal:81/bookworm", "http://127.0.0.1:1")
        async with serving(tmp_path, machine=machine) as served:
            await served.build()
            await served.get(f"/boot/{HOST}/kernel/linux")

            await served.build()

            assert await trouble(served, f"/api/v1/machines/{HOST}") is None


WITH_BUILDS = ("/api/v1/machines", f"/api/v1/machines/{HOST}", "/api/v1/builds")


def lay_image(folder: Path, name: str) -> None:
    (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / "images" / name).write_text("x")


async def trouble(served: Served, path: str) -> Any:
    """Return the last trouble of the one build that an answer tells of."""
    found = json.loads((await served.get(path)).body)
    [each] = found.get("machines") or found.get("builds") or [found]
    return each.get("build", each)["trouble"]


class TestDefinition:
    async def test_is_told_with_the_place_of_every_value(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=TYPES, machine=BARE) as served:
            path = f"/api/v1/machines/{HOST}/definition?build_type=rescue"
            status, told = await send(served, "GET", path)

            origins = {each["path"]: each for each in told["origins"]}
            assert (status, told["build_type"]) == (200, "rescue")
            assert told["definition"]["params"] == {"mirror": "other", "static": "True"}
            assert origins["kernel"]["layer"] == "settings"
            assert (origins["cmdline"]["layer"], origins["cmdline"]["line"]) == (
                "build type rescue",
                12,
            )
            assert origins["params.static"]["file"].endswith(f"machines/{HOST}.yaml")

    async def test_of_an_unknown_machine_or_type_is_404(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for path in ("nobody/definition", f"{HOST}/definition?build_type=x"):
                assert (await send(served, "GET", f"/api/v1/machines/{path}"))[0] == 404


class TestAdvice:
    async def test_is_in_the_answers_and_in_the_trace_and_refuses_nothing(
        self, tmp_path: Path
    ) -> None:
        machine = MACHINE.replace("bookworm.j2\nfinish: finish.j2", "idle.j2")
        machine = machine.replace("params:\n    static: True\n", "")
        async with serving(tmp_path, machine=machine) as served:
            (tmp_path / "templates/idle.j2").write_text("d-i\n")
            beforehand = await send(served, "GET", f"/api/v1/machines/{HOST}/definition")
            status, begun = await send(served, "PUT", f"/api/v1/builds/{HOST}", {})

            (advice,) = begun["advice"]
            assert status == 200
            assert "preseed: nothing in this build calls 'urls.done'" in advice
            assert advice in beforehand[1]["advice"]
            assert beforehand[1]["problems"] == []
            assert f"advice: {advice}" in served.texts()

    async def test_on_a_note_is_for_who_looks_at_the_files_and_not_for_who_builds(
        self, tmp_path: Path
    ) -> None:
        machine = MACHINE.replace("static: True", "statik: True\n    rack: 7")
        async with serving(tmp_path, machine=machine) as served:
            beforehand = await send(served, "GET", f"/api/v1/machines/{HOST}/definition")
            _, begun = await send(served, "PUT", f"/api/v1/builds/{HOST}", {})

            def subjects(told: dict[str, Any]) -> list[str]:
                found = re.findall(r"reads 'params\.(\w+)'", " ".join(told["advice"]))
                return sorted(found)

            assert subjects(beforehand[1]) == ["rack", "statik"]
            assert subjects(begun) == ["statik"]

    async def test_comes_with_what_would_refuse_the_build(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=MACHINE.replace("bookworm.j2", "gone.j2")) as served:
            _, told = await send(served, "GET", f"/api/v1/machines/{HOST}/definition")

            folder = tmp_path / "templates"
            assert told["problems"] == [f"gone.j2: there is no such template in {folder}"]
            assert told["advice"] == []


class TestCommandLines:
    async def test_that_the_kernel_would_cut_refuse_the_build(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("quiet", "a" * 2660)
        async with serving(tmp_path, machine=machine) as served:
            answer = await served.ask("PUT", f"/build/{HOST}")

            assert answer.status == 400
            assert answer.text == (
                f"{tmp_path}/machines/{HOST}.yaml:5:10: cmdline: is 2827 bytes with what is added "
                "to it, and a kernel on UEFI cuts it after 2047: shorten it by 780\n"
            )

    async def test_are_served_without_what_cannot_be_meant(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("quiet", "initrd=initrd.gz quiet")
        async with serving(tmp_path, machine=machine) as served:
            _, begun = await send(served, "PUT", f"/api/v1/builds/{HOST}", {})

            script = (await served.get("/ipxe/00-de-ad-90-74-60")).text
            boot = (await served.get("/v1/boot/00:de:ad:90:74:60")).text

            (advice,) = [each for each in begun["advice"] if "initrd.gz" in each]
            assert f"machines/{HOST}.yaml:" in advice
            assert "initrd=initrd.gz" not in script + boot
            assert f"advice: {advice}" in served.texts()


class TestHistory:
    async def test_has_a_limit_for_each_machine(self, tmp_path: Path) -> None:
        limited = f"{CONFIG}limits: {{builds_per_machine: 3}}\n"
        async with serving(tmp_path, config=limited) as served:
            for _ in range(5):
                await served.build()

            history = await served.parts.builds.history(HOST)

        assert {step["build"] for step in history} == {3, 4, 5}
