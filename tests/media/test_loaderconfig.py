"""What the loaders of a medium would boot, by their configurations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.media.loaderconfig import Entry, at, entries

ISOLINUX = """\
# D-I config
default vesamenu.c32
prompt 0
append shared=1
label auto
\tmenu label ^Automated install
\tkernel /install.amd/vmlinuz
\tappend auto=true vga=788 initrd=/install.amd/initrd.gz --- quiet
LABEL live
  MENU LABEL Live
  LINUX vmlinuz
  INITRD ../a.img,b.img
  APPEND -
label bare
  kernel /bare
label chain
  com32 chain.c32
label
"""

GRUB = """\
set timeout=5
if [ "$grub_platform" = "efi" ]; then insmod all_video; fi
# menuentry 'Not this' { linux /no }
menuentry 'Install "now"' --class debian {
    set background_color=black
    linux    (cd0,msdos2)/casper/vmlinuz  ro $extra "a b" quiet --- # a comment
    initrd   /casper/initrd /ucode.img; boot
}
menuentry "Rescue \\"it\\"" {
    linuxefi /r/vmlinuz
    initrdefi /r/initrd
}
menuentry Computed { linux }
menuentry Computed {
    linux $kernel
    linux /k$ernel
}
menuentry
initrd /stray
"""

ENTRY = """\
title Arch Linux
sort-key 01
linux /arch/boot/x86_64/vmlinuz-linux
initrd /arch/boot/intel-ucode.img
initrd /arch/boot/x86_64/initramfs-linux.img
options archisobasedir=arch
options quiet
"""


class TestIsolinux:
    SOURCE = "isolinux/isolinux.cfg"

    def test_offers_its_labels(self) -> None:
        assert entries(self.SOURCE, ISOLINUX) == [
            Entry(
                "Automated install",
                "install.amd/vmlinuz",
                ("install.amd/initrd.gz",),
                "auto=true vga=788 --- quiet",
                self.SOURCE,
            ),
            Entry("Live", "isolinux/vmlinuz", ("a.img", "isolinux/b.img"), "shared=1", self.SOURCE),
            Entry("bare", "bare", (), "shared=1", self.SOURCE),
        ]

    def test_offers_its_default_first(self) -> None:
        found = entries(self.SOURCE, ISOLINUX.replace("default vesamenu.c32", "default bare"))

        assert found[0].label == "bare"


class TestGrub:
    SOURCE = "boot/grub/grub.cfg"

    def test_offers_its_entries(self) -> None:
        assert entries(self.SOURCE, GRUB) == [
            Entry(
                'Install "now"',
                "casper/vmlinuz",
                ("casper/initrd", "ucode.img"),
                "ro a b quiet ---",
                self.SOURCE,
            ),
            Entry('Rescue \\"it\\"', "r/vmlinuz", ("r/initrd",), "", self.SOURCE),
        ]

    def test_has_words_of_several_pieces(self) -> None:
        said = "menuentry x {\n linux /k root=\"a b\"'c'd ''; reboot\n}\n"

        assert entries(self.SOURCE, said) == [Entry("x", "k", (), "root=a bcd ", self.SOURCE)]

    def test_is_told_by_what_it_says_as_well(self) -> None:
        assert entries("EFI/debian/x.cfg", GRUB)[0].kernel == "casper/vmlinuz"


def test_systemd_boot_offers_one_entry() -> None:
    source = "loader/entries/01.conf"

    assert entries(source, ENTRY) == [
        Entry(
            "Arch Linux",
            "arch/boot/x86_64/vmlinuz-linux",
            ("arch/boot/intel-ucode.img", "arch/boot/x86_64/initramfs-linux.img"),
            "archisobasedir=arch quiet",
            source,
        )
    ]
    assert entries(source, "title nothing\n") == []


@pytest.mark.parametrize(
    ("name", "folder", "found"),
    [
        ("vmlinuz", "isolinux", "isolinux/vmlinuz"),
        ("/vmlinuz", "isolinux", "vmlinuz"),
        ("../../../etc/passwd", "isolinux", "etc/passwd"),
        ("(hd0,1)/x", "", "x"),
        ("\\boot\\x", "", "boot/x"),
        ("", "isolinux", ""),
    ],
)
def test_a_name_is_one_on_the_medium(name: str, folder: str, found: str) -> None:
    assert at(name, folder) == found


@pytest.mark.parametrize("name", ["isolinux/isolinux.cfg", "grub.cfg", "a.conf"])
class TestForAnyText:
    @given(st.text(), st.text())
    def test_what_is_offered_can_be_shown_and_is_on_the_medium(
        self, name: str, text: str, more: str
    ) -> None:
        said = f"{text}\nlabel {more}\nkernel {text}\nmenuentry {more}\nlinux {more} {text}\n"
        for entry in entries(name, said):
            assert entry.kernel
            assert ".." not in entry.kernel.split("/")
            assert not entry.kernel.startswith("/")
            assert all(each.isprintable() for each in (entry.label, entry.kernel, entry.cmdline))
