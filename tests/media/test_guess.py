"""What an unknown medium would boot."""

from __future__ import annotations

import pytest

from pyxie.media.extents import Tree, read
from pyxie.media.guess import CONFIGURATIONS, guessed, loaders
from pyxie.media.loaderconfig import Entry


def holding(*names: str) -> Tree:
    return read([f"{name}\tfile\t0+1" for name in names], 10)


class TestAGuess:
    def test_is_what_a_loader_offers_as_far_as_it_is_there(self) -> None:
        tree = holding("boot/K", "boot/I", "other")
        offered = [
            Entry("gone", "boot/gone"),
            Entry("no initrd", "boot/K", ("boot/gone",)),
            Entry("a folder", "boot"),
            Entry("without", "other"),
            Entry("whole", "BOOT/k", ("boot/i",), "quiet"),
            Entry("the same", "boot/K", ("boot/I",), "quiet"),
        ]

        assert guessed(tree, offered) == [
            Entry("whole", "boot/K", ("boot/I",), "quiet"),
            Entry("without", "other"),
        ]

    def test_is_what_is_called_as_kernels_are(self) -> None:
        tree = holding("a/b/vmlinuz-6.1", "a/b/initrd.img", "a/b/initrd2", "linux", "a/linux.txt")

        assert guessed(tree, []) == [
            Entry("linux", "linux"),
            Entry("vmlinuz-6.1", "a/b/vmlinuz-6.1", ("a/b/initrd.img",)),
        ]

    def test_is_not_the_same_twice(self) -> None:
        tree = holding("vmlinuz")

        assert guessed(tree, [Entry("own", "vmlinuz")]) == [Entry("own", "vmlinuz")]

    def test_is_one_of_few(self) -> None:
        assert len(guessed(holding(*(f"{at}/vmlinuz" for at in range(99))), [])) == 16


def test_loaders_are_those_that_firmware_starts_and_the_grub_beside() -> None:
    firsts = ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "efi/boot/bootaa64.efi"]
    tree = holding(*firsts, "EFI/BOOT/mmx64.efi", "EFI/BOOT/grub.cfg", "EFI/fedora/grubx64.efi")

    assert loaders(tree) == firsts


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("isolinux/isolinux.cfg", True),
        ("ISOLINUX/TXT.CFG", True),
        ("boot/grub/grub.cfg", True),
        ("EFI/BOOT/grub.cfg", True),
        ("loader/entries/arch.conf", True),
        ("boot/syslinux/own.cfg", True),
        ("etc/x.conf", False),
        ("notgrub.cfg", False),
    ],
)
def test_a_configuration_is_told_by_its_name(name: str, is_one: bool) -> None:
    assert bool(CONFIGURATIONS.fullmatch(name)) is is_one
