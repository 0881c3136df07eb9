"""``os:`` of any layer: the recipe lies directly beneath it, and each value has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.errors import ConfigError
from pyxie.registry.define import Definition
from pyxie.registry.folder import Folder
from pyxie.registry.origins import origins
from tests.registry.test_define import define
from tests.registry.test_define import lay as lay_site

HEAD = "version: 1\ntitle: T\nunverified: true\n"
A = f"{HEAD}kernel: a\ninitrd: a.gz\nparams: {{of: a}}\n"
B = f"{HEAD}kernel: b\ncmdline: of-b\narch: {{amd64: , arm64: {{kernel: b-arm}}}}\n"
NONE = "there is no recipe for {!r}; did you mean 'debian-12'?"
BROKEN = "the recipe of 'debian-12' has mistakes: recipes/debian-12.yaml:1:1"
MEANT = "{arhc} is none of the recipe's values; did you mean {arch}?"


def lay(folder: Path, config: str = "", **files: str) -> Folder:
    (folder / "recipes").mkdir(exist_ok=True)
    site = lay_site(folder, config, recipes__a=A, recipes__b=B, **files)
    return Folder(
        site.path,
        shown=Path("machines"),
        shared=site._shared,
        groups=folder / "groups",
        groups_shown=Path("groups"),
        recipes=folder / "recipes",
        recipes_shown=Path("recipes"),
    )


def booted(found: Definition) -> tuple[object, tuple[object, ...], str]:
    return found.machine.kernel, found.machine.initrd, found.machine.cmdline


class TestASystem:
    @pytest.mark.parametrize("layer", ["settings", "type", "group", "machine", "call"])
    def test_is_named_at_any_layer(self, tmp_path: Path, layer: str) -> None:
        said = {layer: "os: a"}
        registry = lay(
            tmp_path,
            f"{said.get('settings', 'kernel: other')}\n"
            f"build_types: {{t: {{{said.get('type', 'tags: x')}}}}}\n",
            groups__lab=said.get("group", "tags: x"),
            **{"machines__web01.lab": f"build_type: t\n{said.get('machine', '')}\n"},
        ).scan()

        found = define(registry, body=said.get("call", ""))

        assert registry.problems == ()
        assert (found.machine.os, found.machine.kernel, found.machine.params) == (
            "a",
            "a",
            {"of": "a"},
        )

    def test_lies_above_lower_layers_and_below_what_names_it(self, tmp_path: Path) -> None:
        registry = lay(
            tmp_path,
            "kernel: low\ncmdline: low\ninitrd: low\nparams: {of: low, low: x}\n",
            groups__lab="cmdline: low\n",
            **{"machines__web01.lab": "os: a\ninitrd: [own.gz]\n"},
        ).scan()

        found = define(registry)

        assert booted(found) == ("a", ("own.gz",), "")
        assert found.machine.params == {"of": "a", "low": "x"}

    def test_takes_the_whole_place_of_one_that_a_lower_layer_names(self, tmp_path: Path) -> None:
        registry = lay(tmp_path, "os: a\n", **{"machines__web01.lab": "os: b\n"}).scan()

        found = define(registry)

        assert booted(found) == ("b", (), "of-b")
        assert found.machine.params == {}

    @pytest.mark.parametrize("said", ["os: ~\nkernel: own\n", "kernel: own\n"])
    def test_gives_way_to_a_kernel_of_the_machines_own(self, tmp_path: Path, said: str) -> None:
        registry = lay(tmp_path, "os: a\n", **{"machines__web01.lab": said}).scan()

        initrd = () if "~" in said else ("a.gz",)
        assert booted(define(registry)) == ("own", initrd, "")

    def test_is_of_the_machines_architecture_whoever_names_it(self, tmp_path: Path) -> None:
        registry = lay(tmp_path, "os: b\n", **{"machines__web01.lab": "arch: aarch64\n"}).scan()

        found = define(registry)

        assert (found.machine.kernel, found.machine.arch) == ("b-arm", "arm64")
        assert define(registry, body="arch: amd64").machine.kernel == "b"

    @pytest.mark.parametrize(
        ("match", "arch"),
        [("arm64-efi", "arm64"), ("[arm64 UEFI]", "arm64"), ("BIOS", "amd64"), ("UEFI", "amd64")],
    )
    def test_is_of_the_architecture_that_the_machine_is_matched_by(
        self, tmp_path: Path, match: str, arch: str
    ) -> None:
        machine = f"os: b\nmatch: {{uuid: 0-0-0-0-1, arch: {match}}}\n".replace(
            "0-0-0-0-1", "00000000-0000-0000-0000-000000000001"
        )
        registry = lay(tmp_path, **{"machines__web01.lab": machine}).scan()

        found = define(registry)

        assert registry.problems == ()
        assert found.machine.arch == arch
        assert found.machine.kernel == ("b-arm" if arch == "arm64" else "b")
        assert define(registry, body="arch: amd64").machine.kernel == "b"

    def test_is_told_with_file_and_line_of_the_recipe(self, tmp_path: Path) -> None:
        registry = lay(tmp_path, **{"machines__web01.lab": "os: a\n"}).scan()

        told = {
            ".".join(map(str, each.loc)): f"{each.file}:{each.line} {each.layer}"
            for each in origins(define(registry).merged)
        }

        assert told == {
            "kernel": "recipes/a.yaml:4 recipe a",
            "initrd": "recipes/a.yaml:5 recipe a",
            "params.of": "recipes/a.yaml:6 recipe a",
            "os": "machines/web01.lab.yaml:1 machine",
            "hostname": "machines/web01.lab.yaml:1 machine",
        }


class TestASystemThatIsNotThere:
    def test_of_a_file_is_told_with_its_place_and_the_nearest(self, tmp_path: Path) -> None:
        registry = lay(
            tmp_path,
            "build_types: {t: {os: debain-12}}\n",
            groups__lab="os: zzzz\n",
            **{"machines__web01.lab": "os: debian-122\n"},
        ).scan()

        assert [str(each).removeprefix(f"{tmp_path}/") for each in registry.problems] == [
            f"config.yaml:1:23: build_types.t.os: {NONE.format('debain-12')}",
            "groups/lab.yaml:1:5: os: there is no recipe for 'zzzz'",
            f"machines/web01.lab.yaml:1:5: os: {NONE.format('debian-122')}",
        ]

    def test_of_a_call_is_told_with_its_place(self, tmp_path: Path) -> None:
        registry = lay(tmp_path).scan()

        for body, why in (
            ("{os: x-y-z}", "body:1:6: os: there is no recipe for 'x-y-z'"),
            (
                "{os: a, arch: arm64}",
                "body:1:6: os: the recipe of 'a' is for amd64, and 'arch' is arm64",
            ),
            ("{os: a, arch: m68k}", "body:1:15: arch: 'm68k' is not one of amd64, arm64"),
        ):
            with pytest.raises(ConfigError) as caught:
                define(registry, body=body)
            assert str(caught.value) == why


class TestRecipesOfTheOperator:
    def test_are_read_again_where_one_has_changed(self, tmp_path: Path) -> None:
        folder = lay(tmp_path, **{"machines__web01.lab": "os: a\n"})
        before = folder.scan()

        (tmp_path / "recipes/a.yaml").write_text(f"{HEAD}kernel: changed\n")

        assert define(before).machine.kernel == "a"
        assert define(folder.scan()).machine.kernel == "changed"
        assert folder.scan() is folder.scan()
        assert tmp_path / "recipes" in folder.folders

    def test_with_a_mistake_change_nothing_and_it_is_told(self, tmp_path: Path) -> None:
        folder = lay(tmp_path, **{"machines__web01.lab": "os: a\n"})
        folder.scan()

        (tmp_path / "recipes/a.yaml").write_text(f"{HEAD}kernel: new\nkernal: x\n")

        registry = folder.scan()
        assert define(registry).machine.kernel == "a"
        assert list(map(str, registry.problems)) == [
            "recipes/a.yaml:5:1: kernal: unknown key; did you mean 'kernel'?"
        ]

    def test_with_a_mistake_from_the_start_keep_the_shipped_one_from_being_taken(
        self, tmp_path: Path
    ) -> None:
        folder = lay(
            tmp_path,
            **{"machines__web01.lab": "os: debian-12\n", "recipes__debian-12": "kernel: x\n"},
        )

        assert [str(each).partition(" extends")[0] for each in folder.scan().problems] == [
            f"machines/web01.lab.yaml:1:5: os: {BROKEN}",
            "recipes/debian-12.yaml:1:1: title: missing",
            "recipes/debian-12.yaml:1:1: version: missing",
        ]

    def test_that_cannot_be_booted_are_told_though_nobody_names_them(self, tmp_path: Path) -> None:
        folder = lay(tmp_path, recipes__c=f'{HEAD}kernel: "{{arhc}}/x"\n')

        assert list(map(str, folder.scan().problems)) == [f"recipes/c.yaml:4:9: kernel: {MEANT}"]

    def test_need_not_be_honest_by_chance(self, tmp_path: Path) -> None:
        folder = lay(
            tmp_path,
            recipes__c="version: 1\ntitle: T\nkernel: x\n",
            recipes__d="version: 2\ntitle: T\nkernel: x\nunverified: true\n",
            recipes__e=f"{HEAD}kernel: x\nverified: {{date: 2026-11-27, how: QEMU}}\n",
        )

        assert list(map(str, folder.scan().problems)) == [
            "recipes/c.yaml:1:1: say 'verified: {date: …, how: …}', or 'unverified: true'",
            "recipes/d.yaml:1:10: version: is of form 2 of recipes, and this pyxie reads 1",
            "recipes/e.yaml:1:1: is either 'verified' or 'unverified'",
        ]

    def test_of_which_all_machines_name_one_are_amended_one_by_one(self, tmp_path: Path) -> None:
        """A site where each file names a system is not looked at as a whole for one's sake."""
        folder = lay(tmp_path, **{"machines__web01.lab": "os: a\n", "machines__web02": "os: b\n"})
        before = folder.scan()

        (tmp_path / "machines/web02.yaml").write_text("os: a\n")
        after = folder.scan()
        (tmp_path / "machines/web02.yaml").write_text("os: c\n")
        broken = folder.scan()

        assert after.documents["web01.lab"] is before.documents["web01.lab"]
        assert (after.problems, after.shared is before.shared) == ((), True)
        assert list(broken.broken) == ["web02"]
