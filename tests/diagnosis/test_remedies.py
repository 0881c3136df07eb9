"""For each wish, what to change in each server that is known."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from pyxie.diagnosis.remedies import remedies
from pyxie.diagnosis.remedy import Site, Wish

SERVERS = [
    *("dnsmasq", "ISC dhcpd", "Kea", "MikroTik RouterOS"),
    *("OPNsense with Dnsmasq", "OPNsense with Kea", "OPNsense with ISC DHCP", "Windows Server"),
]
SITE = Site(address=IPv4Address("192.0.2.10"))


@pytest.mark.parametrize("wish", Wish)
def test_every_server_has_something_to_change(wish: Wish) -> None:
    found = remedies(wish, SITE)

    assert [each.server for each in found][: len(SERVERS)] == SERVERS
    assert all(each.lines or each.out for each in found)


def test_a_relay_may_be_a_switch_too() -> None:
    assert [each.server for each in remedies(Wish.RELAY, SITE)][-1] == "Cisco IOS and its like"
    assert len(remedies(Wish.SILENT, SITE)) == len(SERVERS)


@pytest.mark.parametrize("wish", [Wish.NEXT_SERVER, Wish.BOOT_FILE, Wish.RELAY])
def test_pyxie_s_address_is_in_what_is_to_be_added(wish: Wish) -> None:
    assert all("192.0.2.10" in "\n".join(each.lines) for each in remedies(wish, SITE))
