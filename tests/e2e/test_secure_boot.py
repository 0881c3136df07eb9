"""Machines boot under Secure Boot, by a chain that Debian has signed."""

from __future__ import annotations

import shutil

import pytest

from tests.lab import dnsmasq, installer, smallguest
from tests.lab.guest import Guest
from tests.lab.lan import Lan
from tests.lab.server import SMALL_CMDLINE, Server

pytestmark = pytest.mark.e2e

BOOT = 150.0
"""Seconds; it takes a third of them on an idle machine."""
HOST = "web01.lab"
LOUD = SMALL_CMDLINE.replace(" quiet ", " ")


def test_a_signed_kernel_is_loaded_over_tftp_and_says_that_secure_boot_is_on(lan: Lan) -> None:
    """The DHCP server is on pyxie's own host; its address is that of the boot server."""
    dnsmasq.dhcp_server(lan.srv, lan.main)
    tap = lan.tap()
    with Server(lan.srv, "secure_boot: always\n") as server:
        server.images()
        server.machine(HOST, tap.mac, cmdline=LOUD)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware="uefi-secure") as guest:
            guest.wait_for("secureboot: Secure boot enabled", BOOT)
            guest.wait_for(f"{smallguest.DONE_SAID}OK", BOOT)
            guest.wait_exit(30)

        assert server.curl(f"/status/{HOST}") == "Installed"
        steps = list(dict.fromkeys(server.steps(HOST)))
        assert steps == ["build", "offer", "loader", "script", "booting", "template"]


@pytest.mark.scenario("UEFI x64, Secure Boot: the shim and GRUB of the machine's own system")
def test_a_systems_own_shim_and_grub_load_its_kernel(lan: Lan) -> None:
    """They are Debian's, and the machine is said to be of another, whose kernel they would trust.

    The installer's GRUB looks for its configuration where Debian has it, others beside themselves.
    """
    dnsmasq.dhcp_server(lan.srv, lan.main)
    tap = lan.tap()
    own = "operatingsystem: Another 1\nsecure_boot: always\n"
    own += "shim: own/bootnetx64.efi\ngrub: own/grubx64.efi\n"
    with Server(lan.srv) as server:
        server.images()
        (server.folder / "images/own").mkdir()
        for file in (installer.shim(), installer.grub()):
            shutil.copyfile(file, server.folder / "images/own" / file.name)
        server.machine(HOST, tap.mac, cmdline=LOUD, extra=own)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware="uefi-secure") as guest:
            guest.wait_for("secureboot: Secure boot enabled", BOOT)
            guest.wait_for(f"{smallguest.DONE_SAID}OK", BOOT)
            guest.wait_exit(30)

        assert server.curl(f"/status/{HOST}") == "Installed"
        (offer, *_) = [each for each in server.events(HOST) if each["step"] == "offer"]
        assert offer["data"]["what"] == "own/bootnetx64.efi"
