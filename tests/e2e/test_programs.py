"""Programs that are no Linux kernel boot as build types, and are passed what was written only."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.boots import BOOT, HOST, loaders
from tests.lab import dnsmasq, installer, needs, smallguest, uki
from tests.lab.guest import Guest
from tests.lab.lan import Lan
from tests.lab.server import PORT, Server

pytestmark = pytest.mark.e2e
scenario = pytest.mark.scenario

TYPES = """\
build_types:
  memtest: {os: memtest86+-bios, cmdline: "console=ttyS0,115200"}
  uki: {kernel: rescue.efi, initrd: [], cmdline: ~}
"""


@scenario("BIOS: memtest86+")
def test_memtest86_tests_the_memory(lan: Lan) -> None:
    """By its recipe; its console is on the serial port, as the build type's command line says."""
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap = lan.tap()
    with Server(lan.srv, TYPES) as server:
        found = needs.file("/boot/memtest86+x64.bin", "memtest86+")
        shutil.copyfile(found, server.folder / "images" / found.name)
        server.machine(HOST, tap.mac)
        server.start()
        server.build(f"{HOST}/memtest")

        with Guest(tap, firmware="bios", memory=128, vga=True) as guest:
            guest.wait_for("Memtest86+ v", BOOT)
            guest.wait_for("Address test", 30)

        assert "booting" in server.steps(HOST)


@scenario("UEFI x64: memtest86+ by `pyxie boot`")
def test_memtest86_is_booted_by_hand(lan: Lan) -> None:
    """By `pyxie boot` and its recipe: no daemon runs, and the machine has no file."""
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap = lan.tap()
    with Server(lan.srv) as server:
        found = needs.file("/boot/memtest86+x64.efi", "memtest86+")
        shutil.copyfile(found, server.folder / "images" / found.name)
        line = ("--cmdline", "console=ttyS0,115200", "--mac", tap.mac)
        command = server.start_command("boot", "memtest86+", *line)
        command.wait_for(f"serving memtest86+ (memtest86+x64.efi) to {tap.mac}, on ", 20)

        with Guest(tap, firmware="uefi", memory=128, vga=True) as guest:
            guest.wait_for("Memtest86+ v", BOOT)
            guest.wait_for("Address test", 30)

        assert f"{tap.mac}  leaves iPXE for its kernel" in command.text


@scenario("UEFI x64: DHCP server elsewhere that names itself, a unified kernel image")
def test_a_unified_kernel_image_has_its_own_command_line(lan: Lan) -> None:
    """Even its image's name, which iPXE passes to every EFI program, would replace that.

    The DHCP server, elsewhere, names itself as the next server: there is iPXE at once.
    """
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap = lan.tap()
    with Server(lan.srv, TYPES) as server:
        files = f"http://{lan.address}:{PORT}/images"
        (server.folder / "images/answers").write_text("from within\n")
        (server.folder / "images/done").write_text("OK")
        uki.build(
            server.folder / "images/rescue.efi",
            kernel=installer.kernel(),
            initrd=smallguest.initrd(),
            cmdline=f"{smallguest.CMDLINE} url={files}/answers done={files}/done",
        )
        server.machine(HOST, tap.mac)
        server.start()
        server.build(f"{HOST}/uki")

        with Guest(tap, firmware="uefi") as guest:
            guest.wait_for(f"{smallguest.DONE_SAID}OK", BOOT)

        assert loaders(server) == {"ipxe.efi"}
