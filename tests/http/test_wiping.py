"""What wipes a disk: said before, refused where it was not asked for, at every route."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyxie.builds.unasked import is_spared
from pyxie.events.kind import Step
from pyxie.wiping.forecast import Answer, Forecast
from tests.http.site import CONFIG, HOST, MAC, MACHINE, Served, serving
from tests.http.test_builds import send

INSTALLS = "d-i partman-auto/disk string /dev/sda\n"
RESCUES = "d-i debian-installer/locale string en_US\n"
TYPES = f"""\
{CONFIG}build_types:
  rescue: {{wipes: false, preseed: rescue.j2, finish: ~, cmdline: rescue}}
  half: {{wipes: false, cmdline: rescue}}
  plain: {{preseed: rescue.j2, finish: ~, cmdline: rescue}}
"""
WIPES = f"{HOST} will be installed by bookworm.j2: all data on /dev/sda is lost"
UNCLEAR = (
    f"{HOST} may lose data: whether bookworm.j2 wipes a disk cannot be told, for it is in no "
    "format that pyxie knows"
)
KEEPS = f"{HOST} keeps its data: neither a template nor the command line wipes a disk"
FORBIDDEN = "is false, but bookworm.j2 wipes /dev/sda; `pyxie show` says which file brings that in"
DASHED = MAC.replace(":", "-")


def edit(folder: Path, **templates: str) -> None:
    for name, text in templates.items():
        (folder / f"templates/{name}.j2").write_text(text)


def site(folder: Path, **changed: Any) -> Any:
    (folder / "templates").mkdir()
    edit(folder, rescue=RESCUES)
    return serving(folder, **{"config": TYPES, "preseed": INSTALLS, **changed})


async def begun(served: Served, build_type: str = "") -> str:
    """Begin a build over waitron's route; return its token."""
    answer = await served.ask("PUT", f"/build/{HOST}/{build_type}".rstrip("/"))
    assert answer.status == 200, answer.text
    return str(answer.headers["Build-Token"])


class TestWhatIsLost:
    async def test_is_in_every_answer_and_in_the_trace(self, tmp_path: Path) -> None:
        wipes = {"answer": "yes", "sentences": [WIPES], "disks": ["/dev/sda"]}
        async with site(tmp_path) as served:
            definition = await send(served, "GET", f"/api/v1/machines/{HOST}/definition")
            _, build = await send(served, "PUT", f"/api/v1/builds/{HOST}", {})
            _, listed = await send(served, "GET", "/api/v1/builds")
            _, shown = await send(served, "GET", f"/api/v1/machines/{HOST}")

            assert definition[1]["wipes"] == wipes
            assert build["wipes"] == wipes
            assert [each["wipes"] for each in listed["builds"]] == [wipes]
            assert shown["build"]["wipes"] == wipes
            assert served.texts(Step.BUILD) == [
                "build mode is on",
                "will be installed by bookworm.j2: all data on /dev/sda is lost",
            ]

    async def test_is_nothing_of_a_rescue(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            _, build = await send(served, "PUT", f"/api/v1/builds/{HOST}", {"build_type": "rescue"})

            assert build["wipes"] == {"answer": "no", "sentences": [KEEPS], "disks": []}

    async def test_that_cannot_be_told_is_said_so(self, tmp_path: Path) -> None:
        async with site(tmp_path, preseed="{{ Hostname }}, in a format of its own\n") as served:
            _, build = await send(served, "PUT", f"/api/v1/builds/{HOST}", {})

            assert build["wipes"] == {
                "answer": "unknown",
                "sentences": [UNCLEAR],
                "disks": [],
            }

    async def test_of_what_cannot_be_rendered_nobody_knows(self, tmp_path: Path) -> None:
        async with site(tmp_path, preseed="{{ nope }}") as served:
            _, definition = await send(served, "GET", f"/api/v1/machines/{HOST}/definition")

            assert definition["wipes"] is None

    async def test_is_known_after_a_restart(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            await begun(served)
        async with serving(tmp_path, config=TYPES, preseed=INSTALLS) as served:
            build = served.parts.index.active(HOST)

            assert build is not None
            assert build.forecast is not None
            assert build.forecast.answer is Answer.YES


class TestATypeThatWipesNothing:
    """``wipes: false``; the machine's own file brings in what installs."""

    async def test_is_refused_by_waitrons_route(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            answer = await served.ask("PUT", f"/build/{HOST}/half")

            assert (answer.status, answer.text) == (400, f"wipes: {FORBIDDEN}\n")
            assert served.parts.index.active(HOST) is None
            assert served.texts() == [f"build refused: wipes: {FORBIDDEN}"]

    async def test_is_refused_by_rest(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            status, problem = await send(
                served, "PUT", f"/api/v1/builds/{HOST}", {"build_type": "half"}
            )

            assert (status, problem["detail"]) == (400, f"wipes: {FORBIDDEN}")
            asked = f"/api/v1/machines/{HOST}/definition?build_type=half"
            _, definition = await send(served, "GET", asked)
            assert definition["problems"] == [f"wipes: {FORBIDDEN}"]

    async def test_is_refused_by_waitron_3_whose_order_lets_the_file_win(
        self, tmp_path: Path
    ) -> None:
        async with site(tmp_path, config=f"{TYPES}waitron_api: 3\n") as served:
            answer = await served.ask("PUT", f"/build/{HOST}/rescue")

            assert answer.status == 500
            assert FORBIDDEN in answer.text

    @pytest.mark.parametrize("layer", ["config", "machine"])
    async def test_is_refused_whichever_layer_says_so(self, tmp_path: Path, layer: str) -> None:
        text = {"config": CONFIG, "machine": MACHINE}[layer]
        async with site(tmp_path, **{layer: f"{text}wipes: false\n"}) as served:
            answer = await served.ask("PUT", f"/build/{HOST}")

            assert (answer.status, answer.text) == (400, f"wipes: {FORBIDDEN}\n")

    async def test_may_be_overruled_by_the_call(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            status, _ = await send(served, "PUT", f"/build/{HOST}/half", "wipes: true\n")

            assert status == 200

    async def test_is_begun_where_all_of_it_wipes_nothing(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            token = await begun(served, "rescue")

            assert (await served.get(f"/template/preseed/{HOST}/{token}")).text == RESCUES


UNASKED = (
    "rescue.j2 wipes /dev/sda, and the build did not begin as one that does; begin it anew, if "
    "it shall"
)


class TestBesideTheFirstNicAndTheTemplates:
    OTHER = "00:de:ad:90:74:61"

    async def test_a_command_line_for_another_nic_counts(self, tmp_path: Path) -> None:
        second = f"  - name: eth1\n    macaddress: {self.OTHER}\nparams:"
        machine = MACHINE.replace("params:", second)
        sly = f"cmdline: \"{{{{ 'autonuke' if mac == '{self.OTHER}' else 'rescue' }}}}\""
        config = TYPES.replace("cmdline: rescue", sly)
        async with site(tmp_path, config=config, machine=machine) as served:
            answer = await served.ask("PUT", f"/build/{HOST}/rescue")

            assert answer.status == 400
            assert "the command line wipes every disk that is found" in answer.text

    async def test_and_one_for_a_nic_that_only_a_match_tells(self, tmp_path: Path) -> None:
        machine = MACHINE.partition("network:")[0] + "match: {serial: S-1}\n"
        sly = f"cmdline: \"{{{{ 'autonuke' if mac == '{self.OTHER}' else 'rescue' }}}}\""
        config = TYPES.replace("cmdline: rescue", sly)
        async with site(tmp_path, config=config, machine=machine) as served:
            await begun(served, "rescue")

            script = await served.get(
                f"/ipxe/{self.OTHER.replace(':', '-')}?asked=1&serial=S-1&manufacturer=M"
            )

            assert "autonuke" not in script.text
            assert "the command line wipes every disk that is found" in script.text

    @pytest.mark.parametrize("folder", ["files", "images"])
    async def test_a_file_that_a_template_has_fetched_counts(
        self, tmp_path: Path, folder: str
    ) -> None:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "disk.cfg").write_text(INSTALLS)
        async with site(tmp_path) as served:
            edit(
                tmp_path,
                rescue=f"d-i preseed/include string {{{{ BaseURL }}}}/{folder}/disk.cfg\n",
            )

            answer = await served.ask("PUT", f"/build/{HOST}/rescue")
            _, plain = await send(served, "PUT", f"/api/v1/builds/{HOST}", {"build_type": "plain"})

            assert answer.status == 400
            assert f"{folder}/disk.cfg wipes /dev/sda" in answer.text
            assert plain["wipes"]["answer"] == "yes"

    async def test_a_file_that_was_edited_keeps_a_rescue_from_booting(self, tmp_path: Path) -> None:
        (tmp_path / "files").mkdir()
        (tmp_path / "files/run.sh").write_text("lsblk\n")
        async with site(tmp_path) as served:
            edit(
                tmp_path,
                rescue="d-i preseed/run string {{ BaseURL }}/files/run.sh\n",
            )
            await begun(served, "plain")
            before = await served.get(f"/ipxe/{DASHED}")
            (tmp_path / "files/run.sh").write_text("wipefs -a /dev/sda\n")

            after = await served.get(f"/ipxe/{DASHED}")

            assert "kernel" in before.text
            assert "kernel" not in after.text
            assert "files/run.sh wipes /dev/sda" in after.text


class TestMeanwhile:
    """What began as a rescue stays one, whatever is edited while it runs."""

    @pytest.mark.parametrize(
        ("build_type", "why"),
        [
            ("rescue", f"wipes: {FORBIDDEN}".replace("bookworm", "rescue")),
            ("plain", f"{HOST}: {UNASKED}"),
        ],
    )
    async def test_a_template_that_was_edited_is_not_served(
        self, tmp_path: Path, build_type: str, why: str
    ) -> None:
        async with site(tmp_path) as served:
            token = await begun(served, build_type)
            before = await served.get(f"/template/preseed/{HOST}/{token}")
            edit(tmp_path, rescue=INSTALLS)

            after = await served.get(f"/template/preseed/{HOST}/{token}")
            again = await served.get(f"/template/preseed/{HOST}/{token}")
            script = await served.get(f"/ipxe/{DASHED}")
            offer = await served.get(f"/v1/boot/{MAC}")

            assert (before.status, before.text) == (200, RESCUES)
            assert (after.status, after.text) == (400, f"Unable to render template\n{why}\n")
            assert again == after
            assert "kernel" not in script.text
            assert why in script.text
            assert offer.status == 404
            assert why in offer.text
            assert any(why in each for each in served.texts(Step.TROUBLE))

    async def test_a_type_that_was_changed_is_not_served(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            token = await begun(served, "plain")
            installs = TYPES.replace("plain: {preseed: rescue.j2", "plain: {preseed: bookworm.j2")
            (tmp_path / "config.yaml").write_text(installs)
            assert await served.parts.settings.reload()

            answer = await served.get(f"/template/preseed/{HOST}/{token}")

            assert answer.status == 400
            assert UNASKED.replace("rescue.j2", "bookworm.j2") in answer.text

    async def test_nor_a_command_line(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            await begun(served, "plain")
            rescue = "plain: {preseed: rescue.j2, finish: ~, cmdline: rescue}"
            assert rescue in TYPES
            nukes = TYPES.replace(rescue, rescue.replace("cmdline: rescue", "cmdline: autonuke"))
            (tmp_path / "config.yaml").write_text(nukes)
            assert await served.parts.settings.reload()

            script = await served.get(f"/ipxe/{DASHED}")

            assert "autonuke" not in script.text
            assert "the command line wipes every disk that is found" in script.text

    async def test_nor_a_seed_of_cloud_init(self, tmp_path: Path) -> None:
        types = TYPES.replace("plain: {", "plain: {templates: {user-data: cloud.j2}, ")
        (tmp_path / "templates").mkdir()
        edit(tmp_path, rescue=RESCUES, cloud="#cloud-config\nusers: [a]\n")
        async with serving(tmp_path, config=types, preseed=INSTALLS) as served:
            token = await begun(served, "plain")
            before = await served.get(f"/seed/{HOST}/{token}/user-data")
            edit(tmp_path, cloud="#cloud-config\nautoinstall: {version: 1}\n")

            after = await served.get(f"/seed/{HOST}/{token}/user-data")

            assert before.status == 200
            assert after.status == 404
            assert "cloud.j2 wipes the largest disk" in after.text

    async def test_what_was_asked_to_install_may_be_edited(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            token = await begun(served)
            edit(tmp_path, bookworm=INSTALLS.replace("sda", "sdb"))

            answer = await served.get(f"/template/preseed/{HOST}/{token}")

            assert (answer.status, answer.text) == (200, INSTALLS.replace("sda", "sdb"))

    async def test_a_build_of_before_that_was_looked_at_goes_on(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            await begun(served, "plain")
            build = served.parts.index.active(HOST)
            assert build is not None
            machine = served.parts.definitions.of(build)

            assert is_spared(build, machine)
            old = served.parts.builds.plan(machine)
            assert old.forecast is None
            assert not is_spared(old, machine)
            assert is_spared(served.parts.builds.plan(machine, forecast=Forecast()), machine)


class TestUnknownMachines:
    NEW = "52-54-00-00-00-07"

    @pytest.mark.parametrize(("wipes", "booted"), [("", True), ("wipes: false, ", False)])
    async def test_are_not_wiped_by_a_type_that_may_not(
        self, tmp_path: Path, wipes: str, booted: bool
    ) -> None:
        nuke = f"{CONFIG}unknown: nuke\nbuild_types: {{nuke: {{{wipes}cmdline: autonuke}}}}\n"
        async with site(tmp_path, config=nuke) as served:
            script = (await served.get(f"/ipxe/{self.NEW}")).text

            assert ("autonuke" in script) == booted

    async def test_nor_by_a_file_of_ours(self, tmp_path: Path) -> None:
        (tmp_path / "files").mkdir()
        (tmp_path / "files/a.cfg").write_text(INSTALLS)
        leads = (
            f"{CONFIG}unknown: plain\nbuild_types:\n"
            "  plain: {wipes: false, cmdline: 'url={{ BaseURL }}/files/a.cfg'}\n"
        )
        async with site(tmp_path, config=leads) as served:
            script = (await served.get(f"/ipxe/{self.NEW}")).text

            assert "kernel" not in script
            assert "files/a.cfg wipes /dev/sda" in script

    async def test_nor_by_way_of_pixiecore(self, tmp_path: Path) -> None:
        nuke = (
            f"{CONFIG}waitron_api: 3\nunknown: nuke\n"
            "build_types: {nuke: {wipes: false, cmdline: autonuke}}\n"
        )
        async with site(tmp_path, config=nuke) as served:
            answer = await served.get(f"/v1/boot/{self.NEW.replace('-', ':')}")

            assert answer.status == 500
            assert "the command line wipes every disk that is found" in answer.text


class TestWhatHidesWhat:
    async def test_is_told_for_a_type(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            asked = f"/api/v1/machines/{HOST}/definition?build_type=rescue"
            _, definition = await send(served, "GET", asked)

            found = definition["hidden"]
            assert {
                each["path"]: (each["layer"], each["by_layer"]) for each in found
            } == dict.fromkeys(("preseed", "finish", "cmdline"), ("machine", "build type rescue"))

    async def test_is_in_the_trace_where_waitron_3_has_the_machine_over_the_type(
        self, tmp_path: Path
    ) -> None:
        async with site(tmp_path, config=f"{TYPES}waitron_api: 3\n") as served:
            answer = await served.ask("PUT", f"/build/{HOST}/plain")

            assert json.loads(answer.body)["State"] == "OK"
            told = [each for each in served.texts(Step.TROUBLE) if "hides" in each]
            assert [each.partition("hides")[2] for each in told] == [
                f" that of build type plain, {tmp_path}/config.yaml:{at}, as waitron 3 has it"
                for at in (15, 15)
            ]
