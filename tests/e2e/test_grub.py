"""Machines boot by Debian's signed GRUB although their Secure Boot is off."""

from __future__ import annotations

import pytest

from tests.e2e.boots import BOOT, HOST, install, loaders
from tests.lab import dnsmasq
from tests.lab.guest import Guest
from tests.lab.lan import Lan
from tests.lab.server import Server

pytestmark = pytest.mark.e2e
scenario = pytest.mark.scenario

SIGNED = {"shimx64.efi", "grubx64.efi"}


@scenario("UEFI x64: DHCP server elsewhere that names us, by GRUB once and then by iPXE")
def test_a_machine_whose_secure_boot_is_off_goes_through_grub_once(lan: Lan) -> None:
    """Its DHCP server has our address for its next-server, which is overheard at its first boot."""
    names_us = f"--dhcp-boot=,,{lan.address}"
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main, options=[names_us])
    tap = lan.tap()
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, tap.mac)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware="uefi") as guest:
            install(server, guest, timeout=BOOT)

        assert loaders(server) == SIGNED
        assert f"{tap.mac}: its Secure Boot is off, as its GRUB said" in server.run("status", HOST)

        server.build(HOST)
        with Guest(tap, firmware="uefi") as guest:
            install(server, guest, timeout=BOOT)

        assert loaders(server) == {*SIGNED, "ipxe.efi"}
