"""A medium becomes a recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.nodes import parse, read
from pyxie.config.validate import validate
from pyxie.media.asrecipe import LINES, Recipe, literal, of_entry, of_system, without_cpio
from pyxie.media.facts import Facts, System
from pyxie.media.loaderconfig import Entry
from pyxie.recipes.cookbook import Cookbook
from pyxie.recipes.recipe import Recipe as RecipeModel
from pyxie.registry.edit import written
from pyxie.shipped import shipped as shipped_file

FEDORA = System(
    family="anaconda", title="Fedora 40", arch="amd64", kernel="k", initrds=(("i", ""),)
)


class TestASystem:
    def test_is_booted_as_its_makers_say(self) -> None:
        assert of_system("fedora-40", FEDORA) == {
            "version": "1",
            "title": "Fedora 40, of fedora-40.iso",
            "operatingsystem": "Fedora 40",
            "unverified": "true",
            "kernel": "media:fedora-40/k",
            "initrd": ["media:fedora-40/i"],
            "cmdline": "ip=dhcp inst.repo={{ urls.base }}/media/fedora-40/"
            "{% if machine.preseed %} inst.ks={{ urls.template('preseed') }}{% endif %}",
            "arch": {"amd64": {}},
        }

    @pytest.mark.parametrize(
        ("arch", "shim", "grub"),
        [
            ("amd64", "EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi"),
            ("arm64", "EFI/BOOT/BOOTAA64.EFI", "EFI/BOOT/grubaa64.efi"),
            ("amd64", "EFI/BOOT/bootx64.efi", "EFI/BOOT/grub.efi"),
        ],
    )
    def test_has_its_own_shim_where_a_grub_lies_beside_it(
        self, arch: str, shim: str, grub: str
    ) -> None:
        system = replace(FEDORA, arch=arch)

        made = of_system("f", system, [shim, grub])

        assert (made["shim"], made["grub"]) == (f"media:f/{shim}", f"media:f/{grub}")
        assert misfits(made, arch) == []
        assert "shim" not in of_system("f", system, [shim])
        assert "shim" not in of_system("f", system, [grub])
        assert "shim" not in of_system("f", replace(system, family="windows"), [shim, grub])

    def test_of_windows_is_wimboots(self) -> None:
        windows = System(
            family="windows", title="Windows", arch="amd64", initrds=(("boot/bcd", "BCD"),)
        )

        made = of_system("w", windows)

        assert (made["kernel"], made["initrd"]) == (
            "wimboot",
            [{"url": "media:w/boot/bcd", "name": "BCD"}],
        )
        assert "cmdline" not in made
        assert str(made["needs"]).startswith("wimboot in the folder 'images'")

    def test_whose_own_kernel_does_not_do_is_another_recipe(self) -> None:
        debian = System(family="debian", title="Debian 12", arch="amd64", extends="debian-12")

        assert of_system("d", debian) == {
            "version": "1",
            "title": "Debian 12, of d.iso",
            "extends": "debian-12",
            "unverified": "true",
        }

    def test_of_alpine_has_the_modules_of_its_kernel(self) -> None:
        alpine = System(family="alpine", title="Alpine", arch="amd64", kernel="boot/vmlinuz-virt")

        assert "modloop={{ urls.base }}/media/a/boot/modloop-virt " in str(
            of_system("a", alpine)["cmdline"]
        )

    def test_of_proxmox_has_its_whole_medium(self) -> None:
        proxmox = System(
            family="proxmox", title="T", arch="amd64", kernel="k", initrds=(("i", ""),)
        )

        assert of_system("p", proxmox)["initrd"] == ["media:p/i", "media:p.cpio/proxmox.iso"]

    def test_of_esxi_has_what_its_loader_loads(self) -> None:
        esxi = System(
            family="esxi", title="T", arch="amd64", kernel="k", modules=("b.b00", "k.gz", "s.v00")
        )

        made = of_system("e", esxi)

        assert made["templates"] == {"boot.cfg": "esxi.boot.cfg.j2"}
        assert made["params"] == {
            "esxi_medium": "e",
            "esxi_kernel": "b.b00",
            "esxi_modules": "k.gz --- s.v00",
        }

    @pytest.mark.parametrize("family", sorted(LINES))
    def test_has_no_mark_left_in_its_line(self, family: str) -> None:
        system = System(family=family, title="T", arch="arm64", kernel="a-b")

        line = str(of_system("m", system).get("cmdline", ""))

        assert "@" not in line
        assert "<" not in line


def test_a_medium_is_meant_as_an_archive_too() -> None:
    assert [without_cpio(name) for name in ("pve.cpio", "pve")] == ["pve", "pve"]


class TestARecipe:
    @pytest.mark.parametrize("family", sorted(LINES))
    def test_is_one_that_recipes_can_be(self, family: str) -> None:
        extends = "debian-12" if family == "debian" else ""
        system = System(
            family=family,
            title="T",
            arch="arm64",
            kernel="k",
            initrds=(("i", ""),),
            extends=extends,
        )

        assert misfits(of_system("m", system), "arm64") == []

    @pytest.mark.parametrize("entry", [Entry("", "k"), Entry("a: {b}", "k", ("i",), "{x} {{ y }}")])
    def test_of_a_guess_is_one_too(self, entry: Entry) -> None:
        assert misfits(of_entry("m", entry, Facts()), "amd64") == []


def misfits(made: Recipe, arch: str) -> list[str]:
    """Return what is wrong with a recipe, as its file is read."""
    document = parse(written(made).encode(), Path("m.yaml"))
    shipped = {"debian-12": read(shipped_file("recipes") / "debian-12.yaml")}
    validate(document, RecipeModel)
    return [
        str(each) for each in Cookbook(shipped, {"m": document}, {}, MIRRORS).misfits("m", arch)
    ]


MIRRORS = {name: (f"http://m.example/{name}",) for name in ("debian", "debian-security")}


class TestAGuess:
    def test_is_booted_with_the_words_of_the_medium(self) -> None:
        entry = Entry("Rescue", "k", ("i", "j"), "a={b}")

        assert of_entry("r", entry, Facts()) == {
            "version": "1",
            "title": "Rescue, of r.iso",
            "unverified": "true",
            "kernel": "media:r/k",
            "initrd": ["media:r/i", "media:r/j"],
            "cmdline": "a={{ '{' }}b{{ '}' }}",
            "arch": {"amd64": {}},
        }

    def test_without_a_name_has_the_mediums(self) -> None:
        found = of_entry("r", Entry("", "k"), Facts(volume="V", loaders=("EFI/BOOT/BOOTAA64.EFI",)))

        assert (found["title"], found["cmdline"]) == ("V, of r.iso", None)
        assert found["arch"] == {"arm64": {}}

    def test_of_both_processors_is_for_amd64_with_the_shim_of_that(self) -> None:
        both = [f"EFI/BOOT/{name}{cpu}.EFI" for name in ("BOOT", "GRUB") for cpu in ("X64", "AA64")]

        found = of_entry("r", Entry("", "k"), Facts(loaders=tuple(both)))

        assert (found["arch"], found["shim"]) == ({"amd64": {}}, "media:r/EFI/BOOT/BOOTX64.EFI")


class TestForAnyText:
    @given(st.text(st.characters(exclude_characters="\r\n")))
    def test_it_is_rendered_as_it_stands(self, text: str) -> None:
        """Jinja2 takes a line end off, and a kernel's line has none."""
        assert jinja2.Template(literal(text)).render() == text
