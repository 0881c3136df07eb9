"""Each kind of firmware boots to its installer's end."""

from __future__ import annotations

import pytest

from tests.e2e.boots import BOOT, HOST, install, loaders
from tests.lab import dnsmasq
from tests.lab.guest import Guest
from tests.lab.lan import Lan
from tests.lab.server import Server

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
