"""The commands that write machine files, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from pyxie import cli
from tests.http.site import CONFIG, HOST, MACHINE, Served, serving

TYPE = "preseed: bookworm.j2, finish: finish.j2, params: {static: 'False'}"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


class Runner:
    """Runs `pyxie` in a thread beside the server."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._captured = captured
        self.url = ""

    async def __call__(self, *arguments: str) -> Ran:
        self._patch.setattr(sys, "argv", ["pyxie", *arguments, "--url", self.url])
        code = await asyncio.to_thread(self._main)
        out, err = self._captured.readouterr()
        return Ran(code, out, err)

    @staticmethod
    def _main() -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    @asynccontextmanager
    async def serving(
        self, folder: Path, machine: str = MACHINE, config: str = CONFIG
    ) -> AsyncIterator[Served]:
        async with serving(folder, machine=machine, config=config) as served:
            self.url = served.url
            yield served

    def editor(self, program: str) -> None:
        """Let $EDITOR be Python, told the file's ``path``."""
        lines = f"import pathlib, sys; path = pathlib.Path(sys.argv[1]); {program}"
        self._patch.setenv("EDITOR", shlex.join([sys.executable, "-c", lines]))

    def answers(self, *given: bool) -> None:
        """Answer the questions that will be asked."""
        left = list(given)
        self._patch.setattr(click, "confirm", lambda *_a, **_k: left.pop(0))


@pytest.fixture
def pyxie(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Runner:
    for name in ("PYXIE_URL", "PYXIE_TOKEN_FILE", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(drafts))
    return Runner(monkeypatch, capsys)


def file(folder: Path, name: str = HOST) -> str:
    return (folder / f"machines/{name}.yaml").read_text()


NO_PRESEED = (
    "cmdline: asks for the template 'preseed', and web02 has none: "
    "set 'preseed', or build a type that has it"
)


def not_yet(folder: Path) -> str:
    """Return what is said of a new machine that has no answers for its installer."""
    return f"pyxie: it cannot be built yet: {folder}/config.yaml:8:18: default_{NO_PRESEED}\n"


class TestAdd:
    async def test_writes_what_it_inherits_from_too(self, pyxie: Runner, tmp_path: Path) -> None:
        (tmp_path / "groups").mkdir()
        (tmp_path / "groups/rack1.yaml").write_text("params: {rack: '1'}\n")
        async with pyxie.serving(tmp_path, config=f"{CONFIG}build_types: {{debian: {{{TYPE}}}}}\n"):
            ran = await pyxie(
                *("add", "web02", "--mac", "525400000002", "--type", "debian"),
                *("--group", "rack1", "--set", "params.disk=/dev/sda"),
            )
            built = await pyxie("build", "web02")

            assert ran == Ran(0, "web02 is added\n", "")
            assert built.code == 0
            assert file(tmp_path, "web02") == (
                "hostname: web02\n"
                "network:\n"
                "  - macaddress: 52:54:00:00:00:02\n"
                "build_type: debian\n"
                "groups:\n"
                "  - rack1\n"
                "params:\n"
                "  disk: /dev/sda\n"
            )

    @pytest.mark.parametrize(
        ("option", "said"),
        [
            (("--type", "debain"), "build type 'debain' is not one of 'build_types'"),
            (("--group", "rack2"), "there is no group 'rack2' in 'grouppath'"),
        ],
    )
    async def test_of_a_type_or_group_that_is_not_there_writes_nothing(
        self, pyxie: Runner, tmp_path: Path, option: tuple[str, str], said: str
    ) -> None:
        async with pyxie.serving(tmp_path):
            ran = await pyxie("add", "web02", *option)

            assert (ran.code, said in ran.err) == (1, True)
            assert not (tmp_path / "machines/web02.yaml").exists()

    async def test_writes_a_new_machine(self, pyxie: Runner, tmp_path: Path) -> None:
        async with pyxie.serving(tmp_path):
            ran = await pyxie(
                *("add", "Web02", "--mac", "52-54-00-00-00-02", "--mac", "525400000003"),
                *("--set", "params.disk=/dev/sda", "--set", "network[0].name=eth0"),
            )

            assert ran == Ran(0, "web02 is added\n", not_yet(tmp_path))
            assert file(tmp_path, "web02") == (
                "hostname: Web02\n"
                "network:\n"
                "  - macaddress: 52:54:00:00:00:02\n"
                "    name: eth0\n"
                "  - macaddress: 52:54:00:00:00:03\n"
                "params:\n"
                "  disk: /dev/sda\n"
            )

    async def test_tells_what_is_wrong(self, pyxie: Runner, tmp_path: Path) -> None:
        async with pyxie.serving(tmp_path):
            wrong = await pyxie("add", "web02", "--set", "kernl=x")
            twice = await pyxie("add", HOST)
            address = await pyxie("add", "web02", "--mac", "x")
            value = await pyxie("add", "web02", "--set", "x")

        assert (wrong.code, twice.code, address.code, value.code) == (1, 4, 2, 2)
        assert wrong.err.endswith("web02.yaml:2:1: kernl: unknown key; did you mean 'kernel'?\n")
        assert twice.err == f"pyxie: there is a machine {HOST} already\n"
        assert address.err.endswith("'x' is not a MAC address like 52:54:00:12:34:56\n")
        assert "'x' is not like params.disk=/dev/sda" in value.err


class TestSet:
    async def test_changes_keys_and_keeps_the_rest(self, pyxie: Runner, tmp_path: Path) -> None:
        text = MACHINE.replace("network:", "# Ours:\nnetwork:")
        async with pyxie.serving(tmp_path, machine=text):
            ran = await pyxie(
                *("set", HOST, "params.static=", "params.disk=/dev/sda", "network[0].name=eth1"),
                "initrd=[a, b]",
            )

            assert ran == Ran(0, f"{HOST} is changed\n", "")
            assert file(tmp_path) == text.replace("    static: True", "    disk: /dev/sda").replace(
                "eth0", "eth1"
            ).replace("initrd: initrd.gz", "initrd:\n  - a\n  - b")

    async def test_prints_the_machine_as_json_if_asked(self, pyxie: Runner, tmp_path: Path) -> None:
        async with pyxie.serving(tmp_path):
            ran = await pyxie("set", HOST, "domain=x.example", "--json")

        assert json.loads(ran.out)["definition"]["domain"] == "x.example"

    @pytest.mark.parametrize(
        ("host", "value", "code", "said"),
        [
            ("web09", "a=b", 5, "pyxie: Unable to find host definition for web09"),
            (HOST, "kernel.x=b", 2, "Error: Invalid value: kernel.x: it leads through a text"),
            (HOST, "nothing", 2, "Error: Invalid value for 'KEY=VALUE...': 'nothing' is not like"),
        ],
    )
    async def test_tells_what_is_wrong(
        self, pyxie: Runner, tmp_path: Path, host: str, value: str, code: int, said: str
    ) -> None:
        async with pyxie.serving(tmp_path):
            ran = await pyxie("set", host, value)

        assert ran.code == code
        assert said in ran.err
        assert "Traceback" not in ran.err

    async def test_of_a_file_that_is_no_yaml_names_the_way_out(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        async with pyxie.serving(tmp_path):
            (tmp_path / "machines/web02.yaml").write_text("a: [")
            ran = await pyxie("set", "web02", "a=b")

        assert ran == Ran(
            1, "", "pyxie: the file of web02 is broken; mend it with: pyxie edit web02\n"
        )

    @pytest.mark.parametrize("command", [["set", HOST, "a=b"], ["edit", HOST]])
    async def test_of_a_machine_that_has_only_a_history_says_so(
        self, pyxie: Runner, tmp_path: Path, command: list[str]
    ) -> None:
        async with pyxie.serving(tmp_path) as served:
            await served.build()
            await pyxie("remove", HOST, "--force")

            ran = await pyxie(*command)

        told = f"pyxie: {HOST} has no file any more, only the history of its builds\n"
        assert ran == Ran(1, "", told)


class TestEdit:
    async def test_writes_what_was_saved(self, pyxie: Runner, tmp_path: Path) -> None:
        pyxie.editor("path.write_text(path.read_text() + '# mine\\n')")
        async with pyxie.serving(tmp_path):
            ran = await pyxie("edit", HOST)

            assert ran == Ran(0, f"{HOST} is changed\n", "")
            assert file(tmp_path) == MACHINE + "# mine\n"
        assert list((tmp_path / "drafts").iterdir()) == []

    async def test_that_changes_nothing_says_so(self, pyxie: Runner, tmp_path: Path) -> None:
        pyxie.editor("pass")
        async with pyxie.serving(tmp_path):
            assert await pyxie("edit", HOST) == Ran(0, f"{HOST} is as it was\n", "")

    async def test_asks_again_until_there_is_no_mistake(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        pyxie.editor(
            "text = path.read_text(); "
            "path.write_text(text.replace('kernl', 'kernel') if 'kernl' in text"
            " else text.replace('kernel', 'kernl'))"
        )
        pyxie.answers(True, True)
        async with pyxie.serving(tmp_path):
            ran = await pyxie("edit", HOST)

            assert ran.code == 0
            assert ran.err.endswith(":7:1: kernl: unknown key; did you mean 'kernel'?\n")
            assert file(tmp_path) == MACHINE

    async def test_keeps_what_was_written_if_it_is_not_accepted(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        pyxie.editor("path.write_text('nonsense: x')")
        pyxie.answers(False)
        async with pyxie.serving(tmp_path):
            ran = await pyxie("edit", HOST)

            (draft,) = (tmp_path / "drafts").glob("*/*")
            assert ran.code == 1
            assert ran.err.endswith(f"pyxie: what you wrote is kept in {draft}\n")
            assert draft.read_text() == "nonsense: x"
            assert file(tmp_path) == MACHINE

    async def test_loses_to_a_change_made_meanwhile(self, pyxie: Runner, tmp_path: Path) -> None:
        there = tmp_path / f"machines/{HOST}.yaml"
        pyxie.editor(
            f"path.write_text('# mine'); pathlib.Path({str(there)!r}).write_text('# theirs')"
        )
        async with pyxie.serving(tmp_path):
            ran = await pyxie("edit", HOST)

            assert ran.code == 1
            assert ran.err.startswith(
                f"pyxie: {HOST} was changed by somebody else meanwhile, nothing was written; "
            )
            assert file(tmp_path) == "# theirs"


class TestRemove:
    async def test_deletes_the_file(self, pyxie: Runner, tmp_path: Path) -> None:
        async with pyxie.serving(tmp_path):
            ran = await pyxie("remove", HOST)

            assert ran == Ran(0, f"{HOST} is removed\n", "")
            assert os.listdir(tmp_path / "machines") == []  # noqa: PTH208

    async def test_of_a_machine_in_build_mode_needs_force(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        async with pyxie.serving(tmp_path) as served:
            await served.build()

            refused = await pyxie("remove", HOST)
            forced = await pyxie("remove", HOST, "--force")

        assert (refused.code, forced.code) == (1, 0)
        assert refused.err == (
            f"pyxie: {HOST} is in build mode; cancel that first, or say force=1 (--force)\n"
        )

    async def test_of_an_unknown_machine_says_so(self, pyxie: Runner, tmp_path: Path) -> None:
        async with pyxie.serving(tmp_path):
            ran = await pyxie("remove", "web09")

        assert ran == Ran(5, "", "pyxie: Unable to find host definition for web09\n")


class TestBuild:
    async def test_names_a_system_for_this_build_alone(self, pyxie: Runner, tmp_path: Path) -> None:
        async with pyxie.serving(tmp_path) as served:
            options = ("--os", "debian-12", "--arch", "arm64", "--set", "params.disk=/dev/sda")
            ran = await pyxie("build", HOST, *options)
            build = served.parts.index.active(HOST)
            assert build is not None
            machine = served.parts.definitions.of(build)

        assert (ran.code, json.loads(build.body)) == (
            0,
            {"params": {"disk": "/dev/sda"}, "os": "debian-12", "arch": "arm64"},
        )
        assert "installer-arm64" in str(machine.image_url)


class TestAdopt:
    """An unknown machine that was discovered becomes one that can be built, by one call."""

    async def test_writes_a_machine_that_builds_as_it_is(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        config = f"{CONFIG}unknown: discover\nbuild_types: {{debian: {{{TYPE}}}}}\n"
        async with pyxie.serving(tmp_path, config=config) as served:
            await served.get("/discovered/52-54-00-00-00-07?vendor=QEMU&serial=7")

            ran = await pyxie(
                *("adopt", "525400000007", "--hostname", "web02"),
                *("--type", "debian", "--set", "params.disk=/dev/sda"),
            )
            built = await pyxie("build", "web02")

            assert ran == Ran(0, "web02 is added, with 52:54:00:00:00:07\n", "")
            assert built.code == 0
            assert file(tmp_path, "web02") == (
                "hostname: web02\n"
                "description: QEMU, serial 7\n"
                "network:\n"
                "  - macaddress: 52:54:00:00:00:07\n"
                "build_type: debian\n"
                "params:\n"
                "  disk: /dev/sda\n"
            )

    async def test_with_a_system_writes_its_recipe_and_for_which_processor(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        async with pyxie.serving(tmp_path, config="unknown: discover\n") as served:
            served.parts.discovery.note("52:54:00:00:00:07", {"architecture": "arm64 UEFI"})

            ran = await pyxie("adopt", "525400000007", "--hostname", "web02", "--os", "debian-12")

        assert ran == Ran(0, "web02 is added, with 52:54:00:00:00:07\n", "")
        assert "os: debian-12\narch: arm64\n" in file(tmp_path, "web02")

    async def test_without_a_type_says_what_is_to_be_done_and_build_says_it_again(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        async with pyxie.serving(tmp_path, config=f"{CONFIG}unknown: discover\n") as served:
            await served.get("/discovered/52-54-00-00-00-07?vendor=QEMU")

            ran = await pyxie("adopt", "525400000007", "--hostname", "web02")
            built = await pyxie("build", "web02")

        assert ran.err == not_yet(tmp_path)
        assert built == Ran(1, "", not_yet(tmp_path).replace("it cannot be built yet: ", ""))
