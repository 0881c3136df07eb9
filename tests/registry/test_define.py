"""What a machine inherits: settings, build type, groups, its file, the call."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.config.initrd import Initrd
from pyxie.config.nodes import parse
from pyxie.config.settings import load_marked
from pyxie.errors import ConfigError
from pyxie.registry.define import Definition, UnknownTypeError, common
from pyxie.registry.folder import Folder
from pyxie.registry.origins import origins
from pyxie.registry.registry import Registry

CONFIG = """\
default_kernel: linux
params: {mirror: deb.example, disk: /dev/sda}
build_types:
  rescue: {kernel: rescue, params: {mode: rescue}}
  plain:
"""


def lay(folder: Path, config: str = CONFIG, **files: str) -> Folder:
    """Write config.yaml, machines/web01.lab.yaml and groups; names with two underscores."""
    (folder / "config.yaml").write_text(config)
    for name in ("machines", "groups"):
        (folder / name).mkdir(exist_ok=True)
    for name, text in {"machines__web01.lab": "", **files}.items():
        (folder / f"{name.replace('__', '/')}.yaml").write_text(text)
    settings, document = load_marked(folder / "config.yaml")
    return Folder(
        settings.machinepath,
        shown=Path("machines"),
        shared=common(settings, document),
        groups=settings.grouppath,
        groups_shown=Path("groups"),
    )


def define(registry: Registry, build_type: str | None = None, body: str = "") -> Definition:
    document = parse(body.encode(), Path("body")) if body else None
    return registry.define(registry.machines["web01.lab"], build_type, document)


class TestLayers:
    def test_are_laid_over_each_other_in_this_order(self, tmp_path: Path) -> None:
        """Each sets all that those before it set, and one thing of its own."""
        said = "params: {{last: {0}, {0}: x}}\n"
        registry = lay(
            tmp_path,
            "params: {last: settings, settings: x}\n"
            "build_types: {t: {params: {last: type, type: x}}}\n",
            **{
                "groups__lab": said.format("domain"),
                "groups__one": said.format("one"),
                "groups__two": said.format("two"),
                "machines__web01.lab": "groups: [one, two]\n" + said.format("machine"),
            },
        ).scan()

        found = define(registry, "t", said.format("call")).machine.params

        assert found.pop("last") == "call"
        assert list(found) == ["settings", "domain", "one", "two", "machine", "type", "call"]
        assert define(registry, "t").machine.params["last"] == "type"

    LINE = "cmdline: auto=true\nbootif: true\ninitrd: {name: a, url: b}\n"
    NONE = "cmdline: ~\nbootif: false\ninitrd: []\n"

    @pytest.mark.parametrize("layer", ["type", "group", "machine", "call"])
    def test_each_may_say_that_nothing_is_passed(self, tmp_path: Path, layer: str) -> None:
        said = {layer: self.NONE}
        indented = said.get("type", "tags: x\n").replace("\n", "\n    ")
        registry = lay(
            tmp_path,
            f"{self.LINE}build_types:\n  t:\n    {indented}\n",
            groups__lab=said.get("group", ""),
            **{"machines__web01.lab": "build_type: t\n" + said.get("machine", "")},
        ).scan()

        found = define(registry, body=said.get("call", "")).machine

        assert (found.cmdline, found.bootif, found.initrd) == ("", False, ())

    def test_an_empty_text_says_nothing_as_with_waitron(self, tmp_path: Path) -> None:
        """Its clients send every key that they know, empty ones too."""
        registry = lay(
            tmp_path,
            self.LINE,
            **{"machines__web01.lab": "cmdline: ''\nbootif: ''\ninitrd: ''\n"},
        ).scan()

        found = define(registry, body="{cmdline: '', bootif: '', initrd: ''}").machine

        assert (found.cmdline, found.bootif) == ("auto=true", True)
        assert found.initrd == (Initrd(name="a", url="b"),)

    TYPED = "build_types: {t: {preseed: type, params: {type: x}}, u: {}}\n"

    @pytest.mark.parametrize(
        ("in_file", "in_call", "in_body", "beneath", "preseed"),
        [
            ("", "t", "", False, "type"),
            ("t", "t", "", False, "type"),
            ("u", "t", "", False, "type"),
            ("", "t", "preseed: call\n", False, "call"),
            ("t", None, "", False, "machine"),
            ("", None, "build_type: t\n", False, "machine"),
            ("", "t", "", True, "machine"),
        ],
    )
    def test_the_type_that_the_call_names_lies_over_the_machine(
        self,
        tmp_path: Path,
        in_file: str,
        in_call: str | None,
        in_body: str,
        beneath: bool,
        preseed: str,
    ) -> None:
        """Who asks for rescue must not get what the file installs; as waitron 3 has it, they do."""
        text = f"build_type: '{in_file}'\npreseed: machine\nfinish: machine\n"
        registry = lay(tmp_path, self.TYPED, **{"machines__web01.lab": text}).scan()
        machine = registry.machines["web01.lab"]
        body = parse(in_body.encode(), Path("body")) if in_body else None

        found = registry.define(machine, in_call, body, beneath=beneath).machine

        assert (found.preseed, found.finish) == (preseed, "machine")

    def test_of_the_settings_go_by_waitrons_older_names_too(self, tmp_path: Path) -> None:
        assert define(lay(tmp_path).scan()).machine.kernel == "linux"

    def test_can_clear_what_is_inherited(self, tmp_path: Path) -> None:
        registry = lay(tmp_path, **{"machines__web01.lab": "kernel: ~\nparams: {disk: ~}\n"}).scan()

        found = define(registry).machine

        assert (found.kernel, found.params) == ("", {"mirror": "deb.example"})

    def test_the_domain_may_be_another_than_the_names(self, tmp_path: Path) -> None:
        registry = lay(
            tmp_path,
            **{"groups__other.org": "kernel: o\n", "machines__web01.lab": "domain: Other.org\n"},
        ).scan()

        assert define(registry).machine.kernel == "o"

    def test_without_a_settings_file_are_those_of_the_model(self, tmp_path: Path) -> None:
        settings, _ = load_marked(lay(tmp_path).path.parent / "config.yaml")
        registry = Folder(tmp_path / "machines", shared=common(settings)).scan()

        assert define(registry, "rescue").machine.kernel == "rescue"


class TestBuildTypes:
    @pytest.mark.parametrize(
        ("group", "machine", "body", "asked", "kernel"),
        [
            ("", "", "", None, "linux"),
            ("build_type: rescue\n", "", "", None, "rescue"),
            ("build_type: plain\n", "build_type: rescue\n", "", None, "rescue"),
            ("", "build_type: plain\n", "build_type: rescue\n", None, "rescue"),
            ("", "build_type: plain\n", "build_type: plain\n", "rescue", "rescue"),
            ("build_type: rescue\n", "build_type: ~\n", "", None, "linux"),
        ],
    )
    def test_the_nearest_says_which(
        self, tmp_path: Path, group: str, machine: str, body: str, asked: str | None, kernel: str
    ) -> None:
        registry = lay(tmp_path, **{"groups__lab": group, "machines__web01.lab": machine}).scan()

        assert define(registry, asked, body).machine.kernel == kernel

    def test_one_that_is_asked_for_and_not_there_is_told_with_a_near_name(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(UnknownTypeError) as caught:
            define(lay(tmp_path).scan(), "rescu")

        assert str(caught.value) == (
            "build type 'rescu' is not one of 'build_types' in config.yaml; did you mean 'rescue'?"
        )

    def test_one_that_a_file_names_and_that_is_not_there_breaks_that_machine(
        self, tmp_path: Path
    ) -> None:
        registry = lay(
            tmp_path,
            **{
                "machines__web01.lab": "build_type: rescu\n",
                "groups__x": "build_type: y\n",
                "machines__web02": "groups: x\n",
            },
        ).scan()

        assert [str(problem) for problem in registry.problems] == [
            (
                "groups/x.yaml:1:13: build_type: build type 'y' is not one of 'build_types' in "
                "config.yaml"
            ),
            (
                "machines/web01.lab.yaml:1:13: build_type: build type 'rescu' is not one of "
                "'build_types' in config.yaml; did you mean 'rescue'?"
            ),
        ]
        assert registry.why_broken("web02")


class TestGroups:
    def test_that_are_not_there_break_the_machine_that_names_them(self, tmp_path: Path) -> None:
        registry = lay(
            tmp_path, **{"groups__web": "", "machines__web01.lab": "groups: [wev, x]\n"}
        ).scan()

        assert [str(problem) for problem in registry.why_broken("web01.lab")] == [
            (
                "machines/web01.lab.yaml:1:10: groups[0]: there is no group 'wev' in 'grouppath'; "
                "did you mean 'web'?"
            ),
            "machines/web01.lab.yaml:1:15: groups[1]: there is no group 'x' in 'grouppath'",
        ]

    def test_that_change_count_at_once(self, tmp_path: Path) -> None:
        folder = lay(tmp_path, groups__lab="kernel: a\n")
        assert define(folder.scan()).machine.kernel == "a"

        (tmp_path / "groups/lab.yaml").write_text("kernel: other\n")

        assert define(folder.scan()).machine.kernel == "other"

    def test_that_break_change_nothing_but_are_told_of(self, tmp_path: Path) -> None:
        folder = lay(tmp_path, groups__lab="kernel: a\n")
        folder.scan()

        (tmp_path / "groups/lab.yaml").write_text("kernle: b\n")
        found = folder.scan()

        assert define(found).machine.kernel == "a"
        assert [str(problem) for problem in found.problems] == [
            "groups/lab.yaml:1:1: kernle: unknown key; did you mean 'kernel'?"
        ]

    def test_nothing_has_to_be_there(self, tmp_path: Path) -> None:
        folder = lay(tmp_path)
        (tmp_path / "groups").rmdir()

        assert folder.scan().problems == ()


class TestTheCall:
    def test_may_set_anything_but_the_name(self, tmp_path: Path) -> None:
        registry = lay(tmp_path).scan()

        found = define(registry, body='{"kernel": "k", "params": {"disk": "/dev/sdb"}}').machine

        assert (found.kernel, found.params["disk"]) == ("k", "/dev/sdb")
        with pytest.raises(ConfigError) as caught:
            define(registry, body="hostname: other\n")
        assert str(caught.value) == ("body:1:11: hostname: is not web01.lab, which is being built")

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("kernle: x\n", "body:1:1: kernle: unknown key; did you mean 'kernel'?"),
            ("- x\n", "body:1:1: must be a mapping of keys to values"),
            ("groups: nope\n", "body:1:9: groups: there is no group 'nope' in 'grouppath'"),
            (
                "network: [{macaddress: 52:54:00:00:00:02}]\n",
                "body:1:24: network[0].macaddress: this MAC is another machine's",
            ),
        ],
    )
    def test_is_told_its_mistakes_with_their_place(
        self, tmp_path: Path, body: str, said: str
    ) -> None:
        other = "network: [{macaddress: 52:54:00:00:00:02}]\n"

        with pytest.raises(ConfigError) as caught:
            define(lay(tmp_path, machines__web02=other).scan(), body=body)

        assert str(caught.value) == said


class TestOrigins:
    def test_name_file_line_and_layer_of_every_value(self, tmp_path: Path) -> None:
        registry = lay(
            tmp_path,
            **{
                "groups__lab": "initrd: [a, b]\nparams: {disk: ~}\n",
                "machines__web01.lab": "ipmi_password: secret\nnetwork:\n- {name: eth0}\n",
            },
        ).scan()

        found = [
            f"{each['path']}={each['value']} {Path(each['file']).name}:{each['line']} "
            f"{each['layer']}"
            for each in (origin.as_json() for origin in origins(define(registry, "rescue").merged))
        ]

        assert found == [
            "kernel=rescue config.yaml:4 build type rescue",
            "params.mirror=deb.example config.yaml:2 settings",
            "params.mode=rescue config.yaml:4 build type rescue",
            "initrd[0]=a lab.yaml:1 group lab",
            "initrd[1]=b lab.yaml:1 group lab",
            "ipmi_password=*** web01.lab.yaml:1 machine",
            "network[0].name=eth0 web01.lab.yaml:3 machine",
            "hostname=web01.lab web01.lab.yaml:1 machine",
            "params.disk=None lab.yaml:2 group lab",
        ]
