"""Each kind of firmware boots to its installer's end."""

from __future__ import annotations

import pytest

from tests.e2e.boots import BOOT, HOST, INSTALLER, install, loaders
from tests.lab import dnsmasq
from tests.lab.guest import Guest
from tests.lab.lan import Lan
from tests.lab.server import SMALL_CMDLINE, Server

pytestmark = pytest.mark.e2e
scenario = pytest.mark.scenario


@scenario("BIOS: a PXE client that is not known for iPXE")
def test_a_bios_fetches_undionly_by_tftp_which_goes_on_over_its_pxe_interface(lan: Lan) -> None:
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap = lan.tap()
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, tap.mac)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware="bios-plain") as guest:
            guest.wait_for("using undionly", BOOT)
            install(server, guest)

        assert loaders(server) == {"undionly.kpxe"}


@scenario("UEFI arm64, Secure Boot: Debian's signed GRUB, DHCP server on the same host")
def test_an_arm64_machine_boots_by_debians_signed_chain(lan: Lan) -> None:
    """Debian has no iPXE for arm64: without Secure Boot GRUB would have nothing to go on to."""
    dnsmasq.dhcp_server(lan.srv, lan.main)
    tap = lan.tap()
    with Server(lan.srv) as server:
        server.images(architecture="arm64")
        line = SMALL_CMDLINE.replace("ttyS0", "ttyAMA0").replace(" quiet ", " ")
        server.machine(HOST, tap.mac, cmdline=line)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware="arm64-secure") as guest:
            guest.wait_for("secureboot: Secure boot enabled", INSTALLER)
            install(server, guest)

        assert loaders(server) == {"shimaa64.efi", "grubaa64.efi"}
