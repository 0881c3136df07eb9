"""What a build type hides, and what hides it: told at the places of both."""

from __future__ import annotations

from pathlib import Path

from pyxie.config.nodes import parse
from pyxie.registry.hiding import around_type, as_json, by_type, of_type
from pyxie.registry.merge import Layer, Merged, merge


def merged(**texts: str) -> Merged:
    """Lay layers over each other, in the order given; ``rescue`` is a build type."""
    names = {"rescue": "build type rescue", "web": "group web"}
    names |= dict.fromkeys(("recipe", "again"), "recipe r")
    return merge(
        [
            Layer(names.get(name, name), parse(text.encode(), Path(f"{name}.yaml")))
            for name, text in texts.items()
        ]
    )


class TestAType:
    def test_that_the_call_names_hides_keys_of_the_machine_and_its_groups(self) -> None:
        found = merged(
            settings="kernel: s\n",
            web="cmdline: g\ntemplates: {a: x}\n",
            machine="preseed: m\nfinish: f\nparams: {disk: /dev/sda}\n",
            rescue="kernel: r\npreseed: r\ncmdline: r\ntemplates: ~\nparams: {disk: /dev/sdb}\n",
        )

        assert [str(each) for each in by_type(found, "rescue")] == [
            "machine.yaml:1:10: preseed: is hidden by build type rescue, rescue.yaml:2",
            "web.yaml:1:10: cmdline: is hidden by build type rescue, rescue.yaml:3",
            "web.yaml:2:16: templates.a: is hidden by build type rescue, rescue.yaml:4",
            "machine.yaml:3:16: params.disk: is hidden by build type rescue, rescue.yaml:5",
        ]
        assert list(of_type(found, "rescue")) == []

    def test_that_a_file_names_is_hidden_by_them(self) -> None:
        found = merged(rescue="preseed: r\ncmdline: r\n", machine="preseed: m\n")

        assert [str(each) for each in of_type(found, "rescue")] == [
            "machine.yaml:1:10: preseed: hides that of build type rescue, rescue.yaml:1"
        ]
        assert list(of_type(found, "other")) == list(by_type(found, "rescue")) == []

    def test_hides_nothing_where_both_say_the_same(self) -> None:
        assert around_type(merged(machine="preseed: a\n", rescue="preseed: a\n")) == []

    def test_has_no_part_in_what_others_hide_of_each_other(self) -> None:
        assert around_type(merged(web="preseed: a\n", machine="preseed: b\n")) == []

    def test_has_no_part_in_what_only_people_read(self) -> None:
        # `pyxie adopt` writes a description into each file, and each shipped type has its own.
        found = merged(machine="description: a\n", rescue="description: b\n")

        assert around_type(found) == []

    def test_has_a_recipe_for_a_part_of_it(self) -> None:
        """A shipped type names a system, and says nothing else of what is booted."""
        machine = "preseed: m\ncmdline: m\nkernel: same\n"
        rescue = "os: r\ncmdline: t\n"
        of_type_ = merged(machine=machine, recipe="preseed: p\nkernel: same\n", rescue=rescue)
        of_settings = merged(recipe="preseed: p\n", settings="os: r\n", rescue="preseed: t\n")
        of_machine = merged(recipe="preseed: p\n", machine="os: r\n", rescue="preseed: t\n")
        extended = merged(recipe="preseed: p\n", again="preseed: q\n", rescue="os: r\n")

        assert [str(each) for each in by_type(of_type_, "rescue")] == [
            "machine.yaml:1:10: preseed: is hidden by recipe r, recipe.yaml:1",
            "machine.yaml:2:10: cmdline: is hidden by build type rescue, rescue.yaml:2",
        ]
        assert [str(each) for each in by_type(of_machine, "rescue")] == [
            "recipe.yaml:1:10: preseed: is hidden by build type rescue, rescue.yaml:1"
        ]
        assert around_type(of_settings) == around_type(extended) == []

    def test_shows_no_secret(self) -> None:
        found = merged(machine="ipmi_password: a\n", rescue="ipmi_password: b\n")

        assert around_type(found) == []

    def test_is_told_as_json_without_values(self) -> None:
        (one,) = around_type(merged(machine="preseed: a\n", rescue="preseed: b\n"))

        assert as_json(one) == {
            "path": "preseed",
            "layer": "machine",
            "file": "machine.yaml",
            "line": 1,
            "by_layer": "build type rescue",
            "by_file": "rescue.yaml",
            "by_line": 1,
        }
