"""The exact boot script of programs that are no Linux kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyxie.errors import NotServedError
from pyxie.render.rendering import Rendering
from tests.render.site import CONTEXT, machine, settings

NIC = "01-52-54-00-00-00-0b"
HERE = "http://192.0.2.1:8090"
BOOT = f"{HERE}/boot/web01.example.org"
BOOTING = (
    f"imgfetch --name booting {HERE}/booting/52-54-00-00-00-0b/0-t0ken?sb=${{efi/SecureBoot}}"
    " && imgfree booting ||"
)
WINDOWS = {"kernel": "winpe/wimboot", "image_url": None}
FILES = ["winpe/Boot/BCD", "winpe/Boot/boot.sdi", "winpe/sources/boot.wim"]


def script(folder: Path, **keys: Any) -> list[str]:
    """Return the lines that load a kernel and start it."""
    host = machine(**{"initrd": [], "cmdline": "", **keys})
    text = Rendering(settings(folder)).script(host, CONTEXT, HERE)
    return text.partition("imgfree\n")[2].partition("\n\n:failed\n")[0].splitlines()


class TestWimboot:
    def test_finds_its_files_by_their_names_and_is_told_nothing(self, tmp_path: Path) -> None:
        """The word after the URL is for BIOS, where it reads them out of a cpio archive."""
        assert script(tmp_path, **WINDOWS, initrd=FILES) == [
            f"kernel --name wimboot {BOOT}/kernel/wimboot || goto failed",
            f"initrd --name BCD {BOOT}/initrd/0/BCD BCD || goto failed",
            f"initrd --name boot.sdi {BOOT}/initrd/1/boot.sdi boot.sdi || goto failed",
            f"initrd --name boot.wim {BOOT}/initrd/2/boot.wim boot.wim || goto failed",
            BOOTING,
            "boot wimboot || goto failed",
        ]

    def test_a_file_may_be_called_otherwise_than_it_is(self, tmp_path: Path) -> None:
        found = script(
            tmp_path,
            kernel="wimboot-2.8.0",
            cmdline="gui",
            initrd=[{"name": "BCD", "url": "http://192.0.2.9/bcd?build=7"}],
        )

        assert found == [
            f"kernel --name wimboot-2.8.0 {BOOT}/kernel/wimboot-2.8.0 || goto failed",
            f"initrd --name BCD {BOOT}/initrd/0/bcd BCD || goto failed",
            BOOTING,
            "imgargs wimboot-2.8.0 gui || goto failed",
            "boot wimboot-2.8.0 || goto failed",
        ]

    def test_two_files_of_one_name_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(NotServedError, match="'bcd' is the name of two files"):
            script(tmp_path, **WINDOWS, initrd=["a/BCD", "b/bcd"])


class TestAUnifiedKernelImage:
    def test_is_passed_nothing_not_even_its_name(self, tmp_path: Path) -> None:
        assert script(tmp_path, kernel="talos/metal-amd64-uki.efi") == [
            f"kernel --name ${{empty}} {BOOT}/kernel/metal-amd64-uki.efi || goto failed",
            BOOTING,
            "boot || goto failed",
        ]

    def test_takes_a_command_line_that_is_written(self, tmp_path: Path) -> None:
        found = script(tmp_path, kernel="uki.efi", cmdline="console=ttyS0", bootif=False)

        assert found[-2:] == [
            "imgargs kernel console=ttyS0 || goto failed",
            "boot kernel || goto failed",
        ]


class TestMemtest:
    @pytest.mark.parametrize("name", ["memtest86+x64.bin", "memtest86+x64.efi"])
    def test_is_passed_what_is_written(self, tmp_path: Path, name: str) -> None:
        assert script(tmp_path, kernel=name, cmdline="console=ttyS0,115200") == [
            f"kernel --name {name} {BOOT}/kernel/{name.replace('+', '%2B')} || goto failed",
            BOOTING,
            f"imgargs {name} console=ttyS0,115200 || goto failed",
            f"boot {name} || goto failed",
        ]


class TestShim:
    def test_has_grub_beside_it(self, tmp_path: Path) -> None:
        """It may look for GRUB among iPXE's images, by its own name."""
        found = script(tmp_path, kernel="deb/shimx64.efi", initrd="deb/grubx64.efi")

        assert found == [
            f"kernel --name shimx64.efi {BOOT}/kernel/shimx64.efi || goto failed",
            f"initrd --name grubx64.efi {BOOT}/initrd/0/grubx64.efi || goto failed",
            BOOTING,
            "boot shimx64.efi || goto failed",
        ]


class TestEsxi:
    CFG = "-c {{ BaseURL }}/boot/{{ Hostname }}/kernel/boot.cfg"

    def test_mboot_keeps_its_options(self, tmp_path: Path) -> None:
        found = script(tmp_path, kernel="esxi/efi/boot/mboot.efi", cmdline=self.CFG)

        assert found == [
            f"kernel --name mboot.efi {BOOT}/kernel/mboot.efi || goto failed",
            BOOTING,
            f"imgargs mboot.efi -c {BOOT}/kernel/boot.cfg || goto failed",
            "boot mboot.efi || goto failed",
        ]

    def test_may_be_told_its_nic_after_them(self, tmp_path: Path) -> None:
        found = script(tmp_path, kernel="mboot.efi", cmdline=self.CFG, bootif=True)

        assert found[-2] == (
            f"imgargs mboot.efi -c {BOOT}/kernel/boot.cfg BOOTIF=01-52-54-00-00-00-0b"
            " || goto failed"
        )


class TestLinux:
    def test_has_its_words_where_they_were(self, tmp_path: Path) -> None:
        found = script(tmp_path, initrd=["initrd.gz", {"name": "fw", "url": "x"}], cmdline="auto")

        assert found == [
            f"kernel --name kernel {BOOT}/kernel/linux || goto failed",
            f"initrd --name initrd0 {BOOT}/initrd/0/initrd.gz || goto failed",
            f"initrd --name fw {BOOT}/initrd/1/x || goto failed",
            BOOTING,
            f"imgargs kernel initrd=initrd0 initrd=fw BOOTIF={NIC} auto || goto failed",
            "boot kernel || goto failed",
        ]

    def test_is_not_told_its_nic_where_that_is_not_wanted(self, tmp_path: Path) -> None:
        assert script(tmp_path, cmdline="auto", bootif=False)[-2] == (
            "imgargs kernel auto || goto failed"
        )

    def test_with_nothing_to_tell_it_is_told_nothing(self, tmp_path: Path) -> None:
        assert script(tmp_path, bootif=False)[-2:] == [BOOTING, "boot kernel || goto failed"]


class TestATemplateOfOlderDays:
    def test_has_the_names_that_it_had(self, tmp_path: Path) -> None:
        """An operator's own boot.ipxe.j2 goes on to work."""
        (tmp_path / "ipxe").mkdir()
        (tmp_path / "ipxe/boot.ipxe.j2").write_text(
            "#!ipxe\n{% for url in initrd_urls %}initrd {{ url }}\n{% endfor %}"
            "imgargs kernel initrd=initrd0 {{ cmdline }}\n"
        )
        host = machine(cmdline="auto")

        text = Rendering(settings(tmp_path)).script(host, CONTEXT, HERE)

        assert text.splitlines() == [
            "#!ipxe",
            f"initrd {BOOT}/initrd/0/initrd.gz",
            "imgargs kernel initrd=initrd0 BOOTIF=01-52-54-00-00-00-0b auto",
        ]
