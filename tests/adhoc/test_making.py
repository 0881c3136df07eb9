"""What a boot by hand boots: a kernel, or a system without what installs by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.adhoc.making import UnfitError, of_kernel, of_system
from pyxie.config.nodes import parse
from pyxie.config.settings import load_marked
from pyxie.recipes.cookbook import Cookbook
from pyxie.registry.define import Common, common

HEAD = "version: 1\ntitle: T\nunverified: true\n"
RECIPES = {
    "debian": "image_url: http://d.example/\nkernel: linux\ninitrd: initrd.gz\npreseed: p.j2\n"
    "cmdline: auto\ninteractive: --- quiet\nparams: {a: recipe, b: recipe}\n",
    "wipe": "extends: debian\ninteractive: ~\n",
}


def shared(folder: Path, settings: str = "") -> Common:
    (folder / "config.yaml").write_text(settings)
    found, document = load_marked(folder / "config.yaml")
    recipes = {
        name: parse(f"{HEAD}{text}".encode(), Path(f"{name}.yaml"))
        for name, text in RECIPES.items()
    }
    made = common(found, document)
    return Common(made.settings, made.types, cookbook=Cookbook(shipped=recipes))


class TestAKernel:
    def test_is_all_that_is_booted(self) -> None:
        machine = of_kernel("http://192.0.2.1/k", ["http://192.0.2.1/i"], "quiet")

        assert (machine.kernel, machine.initrd, machine.cmdline, machine.macs) == (
            "http://192.0.2.1/k",
            ("http://192.0.2.1/i",),
            "quiet",
            (),
        )

    def test_with_a_mistake_is_refused_in_a_sentence(self) -> None:
        with pytest.raises(UnfitError, match="initrd"):
            of_kernel("k", [""], "")


class TestASystem:
    def test_asks_at_the_screen_and_fetches_no_template(self, tmp_path: Path) -> None:
        build = "kernel: other\npreseed: own.j2\ntemplates: {a: b}\n"
        settings = f"{build}params: {{a: settings, c: settings}}\n"

        machine = of_system(shared(tmp_path, settings), "debian", "amd64", "").machine

        assert (machine.kernel, machine.initrd, machine.image_url) == (
            "linux",
            ("initrd.gz",),
            "http://d.example/",
        )
        assert machine.cmdline == "--- quiet"
        assert (machine.preseed, machine.finish, machine.templates) == ("", "", {})
        assert machine.params == {"a": "recipe", "b": "recipe", "c": "settings"}

    def test_has_what_is_asked_for_behind_its_own_line(self, tmp_path: Path) -> None:
        machine = of_system(shared(tmp_path), "debian", "amd64", "console=ttyS0").machine

        assert machine.cmdline == "--- quiet console=ttyS0"

    def test_that_only_installs_by_itself_needs_a_line(self, tmp_path: Path) -> None:
        known = shared(tmp_path)

        with pytest.raises(UnfitError, match="build a machine with it, or give a command line"):
            of_system(known, "wipe", "amd64", "")
        assert of_system(known, "wipe", "amd64", "quiet").machine.cmdline == "quiet"

    def test_that_is_not_there_is_told_with_the_nearest(self, tmp_path: Path) -> None:
        with pytest.raises(
            UnfitError, match=r"^there is no recipe for 'debain'; did you mean 'debian'\?$"
        ):
            of_system(shared(tmp_path), "debain", "amd64", "")
