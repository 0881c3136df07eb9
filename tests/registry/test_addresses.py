"""IP addresses, as machine files spell them."""

from __future__ import annotations

import re
from ipaddress import ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.registry.addresses import addressed, gateway, ip, prefix, vlan


class TestAnAddress:
    @pytest.mark.parametrize(
        ("written", "found"),
        [
            (("192.0.2.5", "255.255.255.0"), "192.0.2.5/24"),
            (("192.0.2.5", "24"), "192.0.2.5/24"),
            (("192.0.2.5", "/24"), "192.0.2.5/24"),
            (("192.0.2.5", "ffffff00"), "192.0.2.5/24"),
            (("192.0.2.5/24",), "192.0.2.5/24"),
            (("192.0.2.5/24", "255.255.255.0", "192.0.2.5/24"), "192.0.2.5/24"),
            (("192.0.2.5", "", "24"), "192.0.2.5/24"),
            (("", "", "192.0.2.5/24"), "192.0.2.5/24"),
            (("192.0.2.5", "0.0.0.0"), "192.0.2.5/0"),
            (("192.0.2.5", "255.255.255.255"), "192.0.2.5/32"),
            (("2001:db8::5", "64"), "2001:db8::5/64"),
            (("2001:db8::5", "ffff:ffff:ffff:ffff::"), "2001:db8::5/64"),
            (("2001:db8::5", "ffffffffffffffff0000000000000000"), "2001:db8::5/64"),
            (("", "", "2001:db8::5/64"), "2001:db8::5/64"),
        ],
    )
    def test_is_joined_with_its_prefix(self, written: tuple[str, ...], found: str) -> None:
        assert addressed(*written) == ip_interface(found)

    @pytest.mark.parametrize("written", [("",), ("", "255.255.255.0"), ("", "", "24")])
    def test_is_not_made_up_of_a_prefix_alone(self, written: tuple[str, ...]) -> None:
        assert addressed(*written) is None

    @pytest.mark.parametrize(
        ("written", "why"),
        [
            (("192.0.2.300",), "'192.0.2.300' is not an IP address like 192.0.2.21"),
            (("192.0.2.5",), "192.0.2.5 has no 'netmask'"),
            (("192.0.2.5", "33"), "'33' is over 32, the longest prefix of IPv4"),
            (("2001:db8::5", "129"), "'129' is over 128, the longest prefix of IPv6"),
            (
                ("192.0.2.5", "255.0.255.0"),
                "'255.0.255.0' is not a netmask like 255.255.255.0 or 24",
            ),
            (("192.0.2.5", "many"), "'many' is not a netmask like 255.255.255.0 or 24"),
            (("2001:db8::5", "255.255.255.0"), "'255.255.255.0' is not a netmask like 64"),
            (("192.0.2.5", "ffff::"), "'ffff::' is not a netmask like 255.255.255.0 or 24"),
            (
                ("192.0.2.5", "24", "192.0.2.6/24"),
                "'cidr' 192.0.2.6/24 is not of 'ipaddress' 192.0.2.5",
            ),
            (("192.0.2.5", "24", "25"), "192.0.2.5 has more than one prefix: /24 and /25"),
        ],
    )
    def test_that_is_wrong_is_said_to_be(self, written: tuple[str, ...], why: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
            addressed(*written)


HERE = [ip_interface("192.0.2.5/24"), ip_interface("2001:db8::5/64")]


class TestAGateway:
    @pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1", "fe80::1", "192.0.2.1/24"])
    def test_is_in_a_network_of_the_nic_or_on_its_link(self, text: str) -> None:
        assert gateway(text, HERE) == text.partition("/")[0]

    def test_of_a_single_address_is_on_the_link_too(self) -> None:
        """So do hosting providers give a machine a /32 and a router outside of it."""
        assert gateway("198.51.100.1", [ip_interface("192.0.2.5/32")]) == "198.51.100.1"

    def test_without_an_address_beside_it_cannot_be_judged(self) -> None:
        assert gateway("198.51.100.1", []) == "198.51.100.1"

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            (
                "198.51.100.1",
                "198.51.100.1 is not in 192.0.2.0/24, the network of the NIC's address",
            ),
            (
                "2001:db9::1",
                "2001:db9::1 is not in 2001:db8::/64, the network of the NIC's address",
            ),
            ("192.0.2.5", "192.0.2.5 is the NIC's own address"),
            ("router", "'router' is not an IP address like 192.0.2.21"),
        ],
    )
    def test_that_cannot_be_reached_is_refused(self, text: str, why: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
            gateway(text, HERE)


class TestAVlan:
    @pytest.mark.parametrize(("text", "tag"), [("7", 7), (" 4094 ", 4094), ("0", 0)])
    def test_is_a_number(self, text: str, tag: int) -> None:
        assert vlan(text) == tag

    @pytest.mark.parametrize("text", ["4095", "-1", "blue", "7.5", "12345", "²"])
    def test_that_is_no_tag_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=re.escape(f"{text!r} is not a VLAN's tag")):
            vlan(text)


class TestForAnyText:
    @given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
    def test_an_address_is_one_or_a_sentence_says_why_not(self, a: str, b: str, c: str) -> None:
        try:
            found = addressed(a, b, c)
        except ValueError:
            found = None

        assert found is None or found == ip_interface(str(found))

    @given(st.integers(0, 32))
    def test_every_netmask_is_read(self, length: int) -> None:
        netmask = str(ip_interface(f"0.0.0.0/{length}").netmask)

        assert prefix(netmask, 4) == length

    @given(st.ip_addresses())
    def test_every_address_is_read(self, address: object) -> None:
        assert ip(f" {address} ") == address
