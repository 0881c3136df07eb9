"""`pyxie import` as it is called: what it writes, prints and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commandline import Ran, Runner, pyxie
from tests.importers.trees import DATA

__all__ = ["pyxie"]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def small(folder: Path) -> Path:
    """Lay out a small waitron."""
    old = folder / "old"
    for name, text in {
        "config.yaml": "templatepath: templates\nmachinepath: machines\ncolour: red\n",
        "machines/web01.yaml": "hostname: web01\n",
        "templates/t.j2": "{{ Token }}",
    }.items():
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_text(text)
    return old


NOTE = "config.yaml:3:1: colour: left out: waitron knew no such key"


class TestWaitron:
    def test_writes_the_files_and_prints_the_notes(self, pyxie: Runner, tmp_path: Path) -> None:
        small(tmp_path)

        assert pyxie("import", "waitron", "old", "--to", "new") == Ran(
            0,
            f"{NOTE}\n3 file(s) written, 1 note(s); "
            "go on with: pyxie check --config new/config.yaml\n",
            "",
        )
        assert (tmp_path / "new/machines/web01.yaml").read_text() == "hostname: web01\n"
        assert pyxie("machines", "--config", "new/config.yaml").out.split() == ["web01", "-"]

    def test_writes_to_this_folder_by_default_and_prints_json_if_asked(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        small(tmp_path)

        ran = pyxie("import", "waitron", "old", "--json")

        assert json.loads(ran.out) == {
            "files": ["config.yaml", "machines/web01.yaml", "templates/t.j2"],
            "notes": [
                {
                    "file": "config.yaml",
                    "line": 3,
                    "column": 1,
                    "sentence": "colour: left out: waitron knew no such key",
                }
            ],
            "secret": [],
        }
        assert (tmp_path / "templates/t.j2").read_text() == "{{ Token }}"

    @pytest.mark.parametrize("there", [False, True])
    def test_a_file_with_a_password_is_not_for_all_to_read_and_that_is_said(
        self, pyxie: Runner, tmp_path: Path, there: bool
    ) -> None:
        (small(tmp_path) / "machines/web01.yaml").write_text(
            "hostname: web01\nipmi_password: sesame\n"
        )
        machine = tmp_path / "new/machines/web01.yaml"
        if there:
            machine.parent.mkdir(parents=True)
            machine.write_text("something longer than what is to be written " * 9)
            machine.chmod(0o644)

        ran = pyxie("import", "waitron", "old", "--to", "new", *(["--force"] if there else []))

        assert machine.read_text() == "hostname: web01\nipmi_password: sesame\n"
        assert machine.stat().st_mode & 0o137 == 0
        assert (tmp_path / "new/templates/t.j2").stat().st_mode & 0o004
        assert (
            "new/machines/web01.yaml: has a password in it, and so only its owner and group may "
            "read it: let pyxie's user be one of them\n"
        ) in ran.out

    def test_overwrites_nothing_unless_it_is_forced(self, pyxie: Runner, tmp_path: Path) -> None:
        small(tmp_path)
        (tmp_path / "config.yaml").write_text("mine")

        assert pyxie("import", "waitron", "old") == Ran(
            2, "", "pyxie: would overwrite, without --force: config.yaml\n"
        )
        assert (tmp_path / "config.yaml").read_text() == "mine"
        assert not (tmp_path / "machines").exists()

        assert pyxie("import", "waitron", "old", "--force").code == 0
        assert (tmp_path / "config.yaml").read_text() != "mine"

    def test_of_a_folder_without_a_waitron_says_so(self, pyxie: Runner, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()

        assert pyxie("import", "waitron", "empty") == Ran(
            2,
            "",
            "pyxie: empty: there is no YAML file with 'templatepath', as a waitron's has it\n",
        )

    def test_of_a_folder_that_is_not_there_says_so(self, pyxie: Runner) -> None:
        ran = pyxie("import", "waitron", "nowhere")

        assert (ran.code, ran.out) == (2, "")
        assert "Directory 'nowhere' does not exist" in ran.err

    def test_that_cannot_be_written_says_why(self, pyxie: Runner, tmp_path: Path) -> None:
        small(tmp_path)
        (tmp_path / "machines").write_text("a file")

        ran = pyxie("import", "waitron", "old", "--force")

        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("pyxie: machines")

    def test_files_that_are_no_text_are_counted(self, pyxie: Runner, tmp_path: Path) -> None:
        old = small(tmp_path)
        (old / "templates/logo.png").write_bytes(b"\x89PNG\0")
        (old / "templates/latin1").write_bytes(b"\xe4")

        ran = pyxie("import", "waitron", "old", "--to", "new")

        assert "templates: 2 files are left out: large, or no text" in ran.out.splitlines()

    @pytest.mark.parametrize("name", ["waitron1", "waitron2", "waitron3"])
    def test_takes_a_whole_tree(self, pyxie: Runner, name: str) -> None:
        assert pyxie("import", "waitron", str(DATA / name), "--to", "new").code == 0


class TestOthers:
    @pytest.mark.parametrize(
        ("arguments", "machine"),
        [
            (["matchbox", str(DATA / "matchbox")], "node1.example.org"),
            (["cobbler", str(DATA / "cobbler")], "web01.example.org"),
        ],
    )
    def test_take_a_whole_tree(
        self, pyxie: Runner, tmp_path: Path, arguments: list[str], machine: str
    ) -> None:
        ran = pyxie("import", *arguments, "--to", "new")

        assert ran.code == 0
        assert ran.out.splitlines()[-1].endswith("pyxie check --config new/config.yaml")
        assert (tmp_path / f"new/machines/{machine}.yaml").is_file()

    def test_cobblers_export_may_be_one_file(self, pyxie: Runner, tmp_path: Path) -> None:
        export = {
            "distros": [{"name": "d", "kernel": "http://m.example.org/linux"}],
            "profiles": [{"name": "p", "distro": "d"}],
            "systems": [{"name": "web01", "profile": "p"}],
        }
        (tmp_path / "export.json").write_text(json.dumps(export))

        assert pyxie("import", "cobbler", "export.json", "--to", "new").code == 0
        assert pyxie("machines", "--config", "new/config.yaml").out.split() == ["web01", "-"]

    @pytest.mark.parametrize("kind", ["matchbox", "cobbler"])
    def test_of_a_folder_with_nothing_of_theirs_say_so(
        self, pyxie: Runner, tmp_path: Path, kind: str
    ) -> None:
        (tmp_path / "empty").mkdir()

        ran = pyxie("import", kind, "empty")

        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("pyxie: empty: there ")
