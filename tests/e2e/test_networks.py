"""Machines boot whatever their network is like: VLANs, and who gives addresses there."""

from __future__ import annotations

import json

import pytest

from tests.e2e.boots import HOST, install, loaders
from tests.lab import udhcpd, vlan
from tests.lab.guest import Guest
from tests.lab.lan import Lan
from tests.lab.server import PORT, Server

pytestmark = pytest.mark.e2e
scenario = pytest.mark.scenario


@scenario("UEFI x64: on a VLAN, DHCP server elsewhere that names no boot server")
def test_a_machine_on_a_vlan_boots_by_ipxe_from_the_servers_address_there(lan: Lan) -> None:
    """The DHCP server's ``siaddr`` is 0.0.0.0, so GRUB would find nothing: it is not offered."""
    segment = vlan.segment(lan, 20, "192.168.79.0/24")
    udhcpd.dhcp_server(segment.host("dhcp"), segment)
    tap = segment.tap()
    with Server(lan.srv) as server:
        server.images()
        server.machine(HOST, tap.mac)
        server.start()
        server.build(HOST)

        with Guest(tap, firmware="uefi") as guest:
            install(server, guest)

        assert f"http://{segment.address}:{PORT}/boot/{HOST}/kernel/linux" in guest.text
        assert str(lan.address) not in guest.text
        assert loaders(server) == {"ipxe.efi"}


@scenario("BIOS: a network of its own, addresses by `dhcp.mode: serve`")
def test_a_machine_boots_and_installs_with_its_address_from_pyxie(lan: Lan) -> None:
    serve = {
        "mode": "serve",
        "range": f"{lan.main.network[100]}-{lan.main.network[199]}",
        "gateway": str(lan.address),
        "nameservers": [str(lan.address)],
    }
    tap = lan.tap()
    with Server(lan.srv, f"interfaces: [br0]\ndhcp: {json.dumps(serve)}\n") as server:
        server.images()
        server.machine(HOST, tap.mac)
        server.start()
        server.build(HOST)

        with Guest(tap) as guest:
            install(server, guest)

        assert tap.mac in server.run("leases")
