"""Matchbox's data path: what becomes of it, judged by Go's own text/template."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyxie.config.initrd import Initrd
from pyxie.config.nodes import parse
from pyxie.importers.languages.gotemplate.converter import convert
from pyxie.importers.matchbox.importer import read
from pyxie.importers.notes import NotFoundError, Result
from pyxie.registry.folder import parse_machine
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext, template_names
from pyxie.render.rendering import Rendering
from pyxie.render.strict import Renderer
from tests.importers.languages.golang import built
from tests.importers.trees import DATA, Imported, imported_tree

MAC = "52:54:00:89:d8:10"
UUID = "16e7d8a7-bfa9-428b-9117-363341bb330b"
CONTEXT = BuildContext(base_url="http://192.0.2.1:8090", token="t0ken", mac=MAC)


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    return imported_tree("matchbox", read, tmp_path)


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    return built("gotemplate.go", tmp_path_factory.mktemp("go"), pytestconfig)


def by_go(program: Path, text: str, names: dict[str, Any]) -> str:
    asked = json.dumps({"text": text, "names": names})
    ran = subprocess.run([program], input=asked, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def converted(**files: Any) -> Result:
    """Import files, each given as what is in it, with ``__`` for the slash in its name."""
    tree = {f"{name.replace('__', '/')}.json": json.dumps(data) for name, data in files.items()}
    return read({"profiles/p.json": "{}", **tree})


def data(result: Result, file: str) -> Any:
    return parse(result.files[file].encode(), Path(file)).data


SAME: list[tuple[str, dict[str, str]]] = [
    ("{{.a}} {{- .b -}} {{.c}}|{{ `{{` }}|{% x %}{# y #}", {}),
    ('{{if eq .a "x" "A"}}1{{else if ne .b "B"}}2{{else}}3{{end}}{{not .e}}', {}),
    ("{{if .e}}1{{end}}{{if .f}}2{{end}}{{if .a}}3{{end}}{{if not .e}}4{{end}}", {}),
    ("{{if and .a (or .e .b)}}1{{end}}{{if or .e .f}}2{{end}}", {}),
    ("{{if lt (len .l) 3}}1{{end}}{{if eq (len .l) 2}}2{{end}}", {"l": "list"}),
    ('{{range .l}}{{.}}{{if eq . "p"}}{{continue}}{{end}}-{{end}}', {"l": "list"}),
    ("{{range $i, $e := .l}}{{if $i}},{{end}}{{$e}}{{end}}", {"l": "list"}),
    ("{{range $e := .l}}{{$e}}{{break}}{{end}}{{range .n}}{{else}}e{{end}}", {"n": "list"}),
    ("{{range .m}}{{.}}{{end}}{{range $k, $v := .m}}{{$k}}{{$v}}{{end}}", {"m": "map"}),
    ("{{with .m}}{{.y}}{{$.a}}{{end}}{{with .e}}x{{else}}{{.b}}{{end}}", {"m": "map"}),
    ('{{with $q := .a}}{{$q}}{{.}}{{end}}{{index .m "y"}}{{index . "a"}}', {"m": "map"}),
    ('{{$v := .a}}{{$v}}{{printf "%s/%v" .a .b}}{{.b | printf "%s"}}', {}),
    ("{{/* a\ncomment */}}x {{- /* c */ -}} y{{urlquery .u}}{{.keys}}", {}),
]


class TestTemplates:
    @pytest.mark.parametrize(
        "name", ["cloud/worker.yaml.tmpl", "generic/setup.cfg", "ignition/butane.yaml.tmpl"]
    )
    def test_render_as_in_matchbox(self, go: Path, imported: Imported, name: str) -> None:
        machine = imported.machines["node1.example.org"]
        group = json.loads((imported.old / "groups/node1.json").read_text())
        names = {**group["metadata"], "hostname": "node1.example.org", "mac": MAC}
        names["request"] = {"query": {"mac": MAC}}

        made = Renderer([imported.new / "templates"]).template(
            name, template_names(machine, imported.settings, CONTEXT)
        )

        assert made == by_go(go, (imported.old / name).read_text(), names)

    @pytest.mark.parametrize(("source", "nested"), SAME)
    def test_of_each_kind_are_converted_whole(self, source: str, nested: dict[str, str]) -> None:
        assert convert(source, "t", nested).notes == ()

    @pytest.mark.parametrize(("source", "nested"), SAME)
    def test_of_each_kind_render_as_in_matchbox(
        self, go: Path, source: str, nested: dict[str, str]
    ) -> None:
        names = {
            "a": "A",
            "b": "B",
            "c": "C",
            "e": "",
            "f": False,
            "u": "a b/c",
            "keys": "k",
            "l": ["p", "q"],
            "n": [],
            "m": {"y": "Y", "x": "X"},
        }
        params = {
            name: found if isinstance(found, str) else json.dumps(found)
            for name, found in names.items()
        }
        made = convert(source, "t", nested)

        assert made.notes == ()
        assert Renderer([]).text("t", made.text, {"params": params}) == by_go(go, source, names)

    @given(
        st.one_of(
            st.text(),
            st.lists(
                st.sampled_from(
                    [
                        *("{{", "}}", "{{- ", " -}}", "if ", "range ", "with ", "else", "end", "."),
                        *(".a", "$x", ":=", "(", ")", "|", '"', "`", "/*", "*/", "eq ", "{%", " "),
                    ]
                ),
                max_size=30,
            ).map("".join),
        )
    )
    @example("{{" + "(" * 5000 + "}}")
    @example("{{if .a}}{{end}}{{end}}")
    def test_any_text_is_converted_or_told(self, text: str) -> None:
        for note in convert(text, "t").notes:
            assert 1 <= note.line <= text.count("\n") + 1


class TestProfiles:
    @pytest.mark.parametrize(
        ("written", "initrd", "notes"),
        [
            ("http://a/x.img", ["http://a/x.img"], []),
            ("-n main http://a/x.img", [{"name": "main", "url": "http://a/x.img"}], []),
            ("--name=main http://a/x.img", [{"name": "main", "url": "http://a/x.img"}], []),
            (
                "--name kernel http://a/x.img",
                ["http://a/x.img"],
                ["initrd: its name is left out: 'kernel' is none for pyxie"],
            ),
        ],
    )
    def test_keep_the_names_of_initrds(
        self, written: str, initrd: list[Any], notes: list[str]
    ) -> None:
        result = converted(profiles__a={"id": "a", "boot": {"initrd": [written]}})

        assert data(result, "config.yaml")["build_types"]["a"]["initrd"] == initrd
        assert [note.sentence for note in result.notes] == notes

    def test_become_build_types(self, imported: Imported) -> None:
        types = imported.settings.build_types

        assert sorted(types) == ["_unknown_", "fcos", "nothing", "worker"]
        assert types["fcos"].kernel == "fedora-coreos/live-kernel-x86_64"
        assert types["fcos"].initrd == (
            Initrd(name="main", url="fedora-coreos/live-initramfs.x86_64.img"),
        )
        assert types["worker"].templates == {
            "ignition": "ignition/butane.yaml.tmpl",
            "cloud": "cloud/worker.yaml.tmpl",
            "generic": "generic/setup.cfg",
        }

    def test_have_pyxies_urls_in_the_command_line(self, imported: Imported) -> None:
        machine = imported.defined["node1.example.org"]

        boot = Rendering(imported.settings).boot(machine, CONTEXT)

        here = "http://192.0.2.1:8090/template"
        assert boot.cmdline == (
            f"cloud-config-url={here}/cloud/node1.example.org/t0ken "
            f"hook={here}/generic/node1.example.org/t0ken"
        )

    def test_that_is_raw_ignition_stays_byte_for_byte(self, imported: Imported) -> None:
        name = "ignition/worker.ign"
        made = Renderer([imported.new / "templates"]).template(name, {})

        assert made == (imported.old / name).read_text()


class TestGroups:
    def test_become_machines(self, imported: Imported) -> None:
        machine = imported.machines["node1.example.org"]

        assert machine.macs == (MAC,)
        assert machine.build_type == "worker"
        assert machine.params["replicas"] == "3"
        assert machine.params["debug"] == "false"
        assert json.loads(machine.params["etcd"])["peers"]["node2"] == "192.0.2.2"

    def test_without_selectors_are_for_unknown_machines_once_somebody_says_so(
        self, imported: Imported
    ) -> None:
        """Or a machine that nobody has named would be installed by the import alone."""
        unknown = imported.settings.build_types["_unknown_"]

        assert unknown.kernel == imported.settings.build_types["fcos"].kernel
        assert unknown.params == {"zone": "z"}
        assert imported.settings.unknown == "ignore"
        assert "\n# unknown: _unknown_\n" in imported.result.files["config.yaml"]

    def test_without_selectors_and_metadata_need_no_build_type_of_their_own(self) -> None:
        result = converted(groups__a={"profile": "p"})

        assert sorted(data(result, "config.yaml")["build_types"]) == ["p"]
        assert "\n# unknown: p\n" in result.files["config.yaml"]

    def test_that_select_by_a_label_of_their_own_become_groups(self, imported: Imported) -> None:
        group = imported.groups["by-region"]

        assert (group.build_type, group.params) == ("worker", {"region": "eu", "zone": "a"})

    def test_that_select_by_uuid_or_serial_match_by_them(self) -> None:
        made = converted(
            groups__a={"profile": "p", "selector": {"uuid": UUID, "serial": "S1"}},
            groups__b={"profile": "p", "selector": {"hostname": "node7"}},
        )

        assert data(made, "machines/a.yaml") == {
            "hostname": "a",
            "build_type": "p",
            "match": {"uuid": UUID, "serial": "S1"},
            "params": {"uuid": UUID, "serial": "S1"},
        }
        assert data(made, "machines/node7.yaml")["match"] == {"hostname": "node7"}
        for name in ("a", "node7"):
            path = Path(f"machines/{name}.yaml")
            assert parse_machine(made.files[str(path)].encode(), path).problems == ()

    def test_two_of_one_machine_are_told(self) -> None:
        one = {"profile": "p", "selector": {"mac": MAC}}
        made = converted(groups__a=one, groups__b={**one, "selector": {"mac": MAC, "os": "x"}})

        assert [path for path in made.files if path.startswith("machines")] == ["machines/a.yaml"]
        assert "left out: the same machine as in groups/a.json" in str(made.notes)

    def test_any_json_is_imported_or_told(self) -> None:
        assert converted(
            groups__a=[], groups__b={"selector": 1, "metadata": []}, profiles__c=1
        ).notes


class TestTheWhole:
    def test_tells_of_all_that_differs_with_its_place(self, imported: Imported) -> None:
        assert imported.notes == (DATA / "matchbox.notes").read_text().splitlines()

    def test_names_are_hostnames(self, imported: Imported) -> None:
        assert all(isinstance(each, Machine) for each in imported.machines.values())
        assert "node-2" in imported.machines

    def test_without_profiles_says_so(self) -> None:
        with pytest.raises(NotFoundError, match="there is no 'profiles/"):
            read({"groups/a.json": "{}"})
