"""Machines boot under Secure Boot, by a chain that Debian has signed."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.boots import BOOT, HOST, install, loaders
from tests.lab import dnsmasq, installer
from tests.lab.guest import Guest
from tests.lab.lan import Lan
from tests.lab.server import SMALL_CMDLINE, Server

pytestmark = pytest.mark.e2e

scenario = pytest.mark.scenario

LOUD = SMALL_CMDLINE.replace(" quiet ", " ")


@pytest.mark.parametrize(
    "dhcp",
    [
        pytest.param("here", marks=scenario("UEFI x64, Secure Boot: DHCP server on the same host")),
        pytest.param(
            "elsewhere",
            marks=scenario("UEFI x64, Secure Boot: DHCP server elsewhere that names us"),
        ),
    ],
)
def test_a_signed_kernel_is_loaded_over_tftp_and_says_that_secure_boot_is_on(
    lan: Lan, dhcp: str
) -> None:
    """With nothing configured: what the DHCP server gives as ``siaddr`` is overheard."""
    if dhcp == "here":
        dnsmasq.dhcp_server(lan.srv, lan.main)
    else:
        names_us = f"--dhcp-boot=,,{lan.address}"
        dnsmasq.dhcp_server(lan.host("dhcp"), lan.main, options=[names_us])
    tap = lan.tap()
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, tap.mac, cmdline=LOUD)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware="uefi-secure") as guest:
            guest.wait_for("secureboot: Secure boot enabled", BOOT)
            install(server, guest)

        steps = list(dict.fromkeys(server.steps(HOST)))
        assert steps == ["build", "offer", "loader", "script", "booting", "template"]
        assert loaders(server) == {"shimx64.efi", "grubx64.efi"}


@scenario("UEFI x64, Secure Boot: the shim and GRUB of the machine's own system")
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
            install(server, guest)

        (offer, *_) = [each for each in server.events(HOST) if each["step"] == "offer"]
        assert offer["data"]["what"] == "own/bootnetx64.efi"
