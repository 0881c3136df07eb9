"""Under Secure Boot a shim and a signed iPXE of the operator's boot a machine, by PXE and by HTTP.

No iPXE that Microsoft's key vouches for is to be had here. So the firmware has the key of OVMF's
package, and shim, iPXE and kernel are signed with that. The shim is Debian's, which starts
``grubx64.efi`` whatever it is called itself: the iPXE has that name too.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.lab import dnsmasq, installer, signing, smallguest
from tests.lab.guest import Firmware, Guest
from tests.lab.lan import Lan
from tests.lab.server import SMALL_CMDLINE, Server

pytestmark = pytest.mark.e2e
scenario = pytest.mark.scenario

BOOT = 150.0
"""Seconds; it takes a third of them on an idle machine."""
HOST = "web01.lab"
LOUD = SMALL_CMDLINE.replace(" quiet ", " ")
TFTP = "pyxie_tftp_transfers_total{"


def lay(folder: Path) -> None:
    """Lay a signed iPXE with its shim, and sign the kernel."""
    place = folder / "ipxe/x86_64-sb"
    place.mkdir()
    work = folder / "signing"
    work.mkdir()
    ipxe = signing.signed(installer.ipxe("snponly.efi"), work / "ipxe.efi", sbat=True)
    shim = signing.signed(installer.shim(), work / "shim.efi")
    linux = signing.signed(installer.kernel(), work / "linux")
    for name, file in (("snponly-shim", shim), ("snponly", ipxe), ("grubx64", ipxe)):
        shutil.copyfile(file, place / f"{name}.efi")
    shutil.copyfile(linux, folder / "images/linux")


@pytest.mark.parametrize(
    "firmware",
    [
        pytest.param(
            "uefi-own-key", marks=scenario("UEFI x64, Secure Boot: signed iPXE and its shim")
        ),
        pytest.param(
            "uefi-own-key-http",
            marks=scenario("UEFI x64 HTTP Boot, Secure Boot: signed iPXE and its shim"),
        ),
    ],
)
def test_a_signed_ipxe_boots_a_machine_whose_secure_boot_is_on(
    lan: Lan, firmware: Firmware
) -> None:
    """The DHCP server is elsewhere and gives itself as boot server, which concerns nobody here."""
    dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)
    tap = lan.tap()
    with Server(lan.srv) as server:
        server.images()
        lay(server.folder)
        server.machine(HOST, tap.mac, cmdline=LOUD)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware=firmware) as guest:
            guest.wait_for("secureboot: Secure boot enabled", BOOT)
            guest.wait_for(f"{smallguest.DONE_SAID}OK", BOOT)
            guest.wait_exit(30)

        assert server.curl(f"/status/{HOST}") == "Installed"
        by_tftp = [line for line in server.curl("/metrics").splitlines() if TFTP in line]
        is_by_http = not any(not line.endswith(" 0.0") for line in by_tftp)
        assert is_by_http == (firmware == "uefi-own-key-http")
