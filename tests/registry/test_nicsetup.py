"""How NICs are to be set up, of both spellings."""

from __future__ import annotations

import re
from ipaddress import ip_interface
from typing import Any

import pytest

from pyxie.registry.nic import Nic
from pyxie.registry.nicsetup import Gateway, Interface, Static, interfaces, nameservers

MAC = "52:54:00:00:00:0a"
OTHER = "52:54:00:00:00:0b"


def setup(*nics: dict[str, Any], booted: str = MAC) -> tuple[Interface, ...]:
    return interfaces([Nic.model_validate(each) for each in nics], booted)


class TestInterfaces:
    def test_of_both_spellings_are_one_form(self) -> None:
        first = setup(
            {"macaddress": MAC, "ipaddress": "192.0.2.5", "netmask": "24", "gateway": "192.0.2.1"}
        )
        later = setup(
            {
                "macaddress": MAC,
                "addresses4": [{"ipaddress": "192.0.2.5", "cidr": "24"}],
                "gateway4": "192.0.2.1",
            }
        )

        assert first == (
            Interface(
                path="network[0]",
                name="",
                macaddress=MAC,
                card="nic0",
                booted=True,
                addresses=(
                    Static(
                        ip_interface("192.0.2.5/24"),
                        ("network[0].ipaddress", "network[0].netmask"),
                    ),
                ),
                gateway4=Gateway(address="192.0.2.1", key="network[0].gateway"),
            ),
        )
        (found,) = later
        assert [each.address for each in found.addresses] == [ip_interface("192.0.2.5/24")]
        assert found.addresses[0].keys == (
            "network[0].addresses4[0].ipaddress",
            "network[0].addresses4[0].cidr",
        )
        assert found.gateway4 == Gateway(address="192.0.2.1", key="network[0].gateway4")

    def test_have_an_address_once_that_is_written_in_both_spellings(self) -> None:
        (found,) = setup(
            {
                "macaddress": MAC,
                "ipaddress": "192.0.2.5",
                "netmask": "24",
                "addresses4": [{"cidr": "192.0.2.5/24"}, {"cidr": "192.0.2.6/24"}],
                "addresses6": [{"cidr": "2001:db8::5/64"}],
                "gateway": "2001:db8::1",
                "vlan_id": "7",
            }
        )

        addresses = [str(each.address) for each in found.addresses]
        assert addresses == ["192.0.2.5/24", "192.0.2.6/24", "2001:db8::5/64"]
        assert (found.gateway4.address, found.gateway6.address) == ("", "2001:db8::1")
        assert found.vlan == 7

    def test_name_the_nic_that_vlans_share(self) -> None:
        found = setup(
            {"macaddress": MAC, "vlan_id": "7"},
            {"name": "lan", "macaddress": MAC},
            {"macaddress": OTHER, "vlan_id": "8"},
            {"macaddress": OTHER, "vlan_id": "9"},
        )

        assert [(each.card, each.alone) for each in found] == [
            ("lan", False),
            ("lan", True),
            ("nic2", True),
            ("nic2", False),
        ]

    def test_are_called_by_what_a_kernel_could_call_them(self) -> None:
        found = setup(
            {"name": "LAN port 1; reboot", "macaddress": MAC},
            {"name": "lan", "macaddress": OTHER},
            {"name": "lan", "macaddress": "52:54:00:00:00:0c"},
        )

        assert [(each.name, each.card) for each in found] == [
            ("LAN_port_1__reb", "LAN_port_1__reb"),
            ("lan", "nic1"),
            ("lan", "nic2"),
        ]

    def test_of_a_machine_without_a_nic_are_the_one_that_booted(self) -> None:
        assert setup() == (Interface(path="", name="", macaddress=MAC, card="nic0", booted=True),)
        assert setup(booted="") == ()

    def test_take_the_only_entry_without_a_mac_for_the_nic_that_booted(self) -> None:
        address = {"ipaddress": "192.0.2.5/24"}

        (found,) = setup(address)
        (yet_unknown,) = setup(address, booted="")

        assert (found.macaddress, found.booted) == (MAC, True)
        assert (yet_unknown.macaddress, yet_unknown.booted) == ("", False)

    def test_leave_out_an_entry_that_says_nothing(self) -> None:
        found = setup({"macaddress": MAC}, {"description": "spare"}, {"name": "eth1"})

        assert [each.path for each in found] == ["network[0]", "network[2]"]
        assert setup({"description": "spare"}, booted="") == ()

    @pytest.mark.parametrize(
        ("nics", "why"),
        [
            (
                [{"macaddress": MAC, "ipaddress": "192.0.2.5"}],
                "network[0]: 192.0.2.5 has no 'netmask'",
            ),
            (
                [{"macaddress": MAC}, {"ipaddress": "192.0.2.5/24"}],
                "network[1] has an address, but neither 'macaddress' nor 'name'",
            ),
            (
                [{"ipaddress": "192.0.2.5/24"}, {"ipaddress": "192.0.2.6/24"}],
                "network[0] has an address, but neither 'macaddress' nor 'name'",
            ),
        ],
    )
    def test_that_cannot_be_set_up_are_refused(self, nics: list[dict[str, str]], why: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
            setup(*nics)


class TestNameServers:
    @pytest.mark.parametrize(
        "text", ["192.0.2.1 2001:db8::53", "192.0.2.1,2001:db8::53 ", "192.0.2.1;2001:db8::53"]
    )
    def test_are_written_with_spaces_or_commas_between(self, text: str) -> None:
        assert nameservers(text) == ("192.0.2.1", "2001:db8::53")

    def test_are_addresses(self) -> None:
        with pytest.raises(ValueError, match="'dns1' is not an IP address"):
            nameservers("dns1.example.org"[:4])

    def test_may_be_none(self) -> None:
        assert nameservers("") == ()
