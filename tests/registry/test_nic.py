"""A NIC in a machine file: what of it is refused, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.config.nodes import parse
from pyxie.config.validate import validate
from pyxie.errors import ConfigError
from pyxie.registry.machine import Machine


def told(nic: str) -> list[str]:
    text = f"hostname: web01\nnetwork:\n- {nic}\n"
    try:
        validate(parse(text.encode(), Path("web01.yaml")), Machine)
    except ConfigError as exc:
        return str(exc).splitlines()
    return []


class TestANic:
    @pytest.mark.parametrize(
        "nic",
        [
            "{ipaddress: 192.0.2.5, netmask: 255.255.255.0, gateway: 192.0.2.1}",
            "{ipaddress: 192.0.2.5/24, gateway: 192.0.2.1}",
            "{ipaddress: 192.0.2.5}",
            "{netmask: 64}",
            "{netmask: 255.255.255.0}",
            "{gateway: 192.0.2.1, vlan_id: 7}",
            "{addresses4: [{ipaddress: 192.0.2.5, cidr: 24}, {cidr: 192.0.2.6/24}, {cidr: 24}]}",
            "{addresses6: [{ipaddress: 2001:db8::5, netmask: 64}], gateway6: 'fe80::1'}",
            "{addresses4: [{ipaddress: 192.0.2.5, cidr: 192.0.2.5/32}], gateway4: 198.51.100.1}",
            "{ipaddress: 192.0.2.5/24, addresses6: [{cidr: '2001:db8::5/64'}], gateway: 'fe80::1'}",
        ],
    )
    def test_may_be_spelt_as_waitron_has_it(self, nic: str) -> None:
        assert told(nic) == []

    @pytest.mark.parametrize(
        ("nic", "sentence"),
        [
            (
                "{ipaddress: 192.0.2.300}",
                (
                    "web01.yaml:3:15: network[0].ipaddress:"
                    " '192.0.2.300' is not an IP address like 192.0.2.21"
                ),
            ),
            (
                "{ipaddress: 192.0.2.5/33}",
                (
                    "web01.yaml:3:15: network[0].ipaddress:"
                    " '33' is over 32, the longest prefix of IPv4"
                ),
            ),
            (
                "{ipaddress: 192.0.2.5, netmask: 33}",
                "web01.yaml:3:35: network[0].netmask: '33' is over 32, the longest prefix of IPv4",
            ),
            (
                "{netmask: 255.0.255.0}",
                (
                    "web01.yaml:3:13: network[0].netmask:"
                    " '255.0.255.0' is not a netmask like 255.255.255.0 or 24"
                ),
            ),
            (
                "{ipaddress: 192.0.2.5, netmask: 24, gateway: 198.51.100.1}",
                (
                    "web01.yaml:3:48: network[0].gateway: 198.51.100.1 is not in 192.0.2.0/24,"
                    " the network of the NIC's address"
                ),
            ),
            (
                "{addresses4: [{cidr: 192.0.2.5/24}], gateway4: 192.0.2.5}",
                "web01.yaml:3:50: network[0].gateway4: 192.0.2.5 is the NIC's own address",
            ),
            (
                "{addresses4: [{ipaddress: 192.0.2.5, cidr: 192.0.2.6/24}]}",
                (
                    "web01.yaml:3:46: network[0].addresses4[0].cidr:"
                    " 'cidr' 192.0.2.6/24 is not of 'ipaddress' 192.0.2.5"
                ),
            ),
            (
                "{addresses6: [{cidr: 192.0.2.6/24}]}",
                "web01.yaml:3:16: network[0].addresses6: 192.0.2.6 is not an address of IPv6",
            ),
            (
                "{gateway6: 192.0.2.1}",
                "web01.yaml:3:14: network[0].gateway6: 192.0.2.1 is not an address of IPv6",
            ),
            (
                "{vlan_id: 5000}",
                (
                    "web01.yaml:3:13: network[0].vlan_id:"
                    " '5000' is not a VLAN's tag, which is from 1 to 4094"
                ),
            ),
        ],
    )
    def test_with_a_wrong_address_is_refused_at_its_place(self, nic: str, sentence: str) -> None:
        assert told(nic) == [sentence]
