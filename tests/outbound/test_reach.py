"""Where an address is, and what may lead there."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.net.address import Address
from pyxie.outbound.reach import (
    OutOfReachError,
    Reach,
    Zone,
    literal,
    named_from,
    zone_of,
)

OWN = ip_address("203.0.114.9")


def is_own(address: Address) -> bool:
    return address == OWN


class TestZone:
    @pytest.mark.parametrize(
        ("address", "zone"),
        [
            ("9.9.9.9", Zone.PUBLIC),
            ("2620:fe::fe", Zone.PUBLIC),
            ("10.0.0.1", Zone.PRIVATE),
            ("172.31.255.255", Zone.PRIVATE),
            ("192.168.1.1", Zone.PRIVATE),
            ("100.64.0.1", Zone.PRIVATE),
            ("198.18.0.1", Zone.PRIVATE),
            ("192.0.2.1", Zone.PRIVATE),
            ("fd00:ec2::254", Zone.PRIVATE),
            ("fec0::1", Zone.PRIVATE),
            ("2001:db8::1", Zone.PRIVATE),
            ("64:ff9b:1::7f00:1", Zone.PRIVATE),
            ("169.254.169.254", Zone.LINK),
            ("fe80::1", Zone.LINK),
            ("127.0.0.1", Zone.HERE),
            ("127.255.255.254", Zone.HERE),
            ("::1", Zone.HERE),
            ("0.0.0.0", Zone.HERE),
            ("0.1.2.3", Zone.HERE),
            ("::", Zone.HERE),
            (str(OWN), Zone.HERE),
            ("224.0.0.1", Zone.NOWHERE),
            ("ff02::1", Zone.NOWHERE),
            ("255.255.255.255", Zone.NOWHERE),
            ("240.0.0.1", Zone.NOWHERE),
        ],
    )
    def test_is_by_the_address(self, address: str, zone: Zone) -> None:
        assert zone_of(ip_address(address), is_own) is zone

    @pytest.mark.parametrize(
        ("address", "zone"),
        [
            ("::ffff:127.0.0.1", Zone.HERE),
            ("::ffff:10.0.0.1", Zone.PRIVATE),
            ("::ffff:9.9.9.9", Zone.PUBLIC),
            ("::127.0.0.1", Zone.HERE),
            ("64:ff9b::7f00:1", Zone.HERE),
            ("64:ff9b::a9fe:a9fe", Zone.LINK),
            ("64:ff9b::203.0.114.9", Zone.HERE),
            ("2002:7f00:1::", Zone.HERE),
            ("2002:a00:1::1", Zone.PRIVATE),
            ("2001:0:4136:e378:8000:63bf:80ff:fffe", Zone.HERE),
        ],
    )
    def test_of_one_that_holds_another_is_the_others(self, address: str, zone: Zone) -> None:
        """IPv4-mapped and -compatible, NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380)."""
        assert zone_of(ip_address(address), is_own) is zone


class TestReach:
    def test_of_the_operators_is_anywhere_and_others_have_bounds(self) -> None:
        assert {zone for zone in Zone if Reach.ANYWHERE.allows(zone)} == set(Zone)
        assert {zone for zone in Zone if Reach.SITE.allows(zone)} == {Zone.PUBLIC, Zone.PRIVATE}
        assert {zone for zone in Zone if Reach.PUBLIC.allows(zone)} == {Zone.PUBLIC}

    @pytest.mark.parametrize(
        ("before", "zone", "after"),
        [
            (Reach.ANYWHERE, Zone.HERE, Reach.SITE),
            (Reach.ANYWHERE, Zone.PRIVATE, Reach.SITE),
            (Reach.ANYWHERE, Zone.LINK, Reach.SITE),
            (Reach.ANYWHERE, Zone.PUBLIC, Reach.PUBLIC),
            (Reach.SITE, Zone.PRIVATE, Reach.SITE),
            (Reach.SITE, Zone.PUBLIC, Reach.PUBLIC),
            (Reach.PUBLIC, Zone.PUBLIC, Reach.PUBLIC),
            (Reach.PUBLIC, Zone.PRIVATE, Reach.PUBLIC),
        ],
    )
    def test_of_a_redirect_is_never_wider(self, before: Reach, zone: Zone, after: Reach) -> None:
        assert before.after(zone) is after

    def test_of_what_an_api_server_names_is_by_where_it_is(self) -> None:
        assert named_from(Zone.HERE) is Reach.ANYWHERE
        assert named_from(Zone.PRIVATE) is Reach.SITE
        assert named_from(Zone.PUBLIC) is Reach.PUBLIC

    def test_that_does_not_suffice_is_told_with_the_address(self) -> None:
        assert str(OutOfReachError(ip_address("10.0.0.1"), Zone.PRIVATE)) == (
            "leads to 10.0.0.1, a private address; "
            "only a file of the operator's may name such a place"
        )


class TestLiteral:
    @pytest.mark.parametrize(
        ("host", "address"),
        [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("::1", "::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("localhost", "127.0.0.1"),
            ("LOCALHOST.", "127.0.0.1"),
            ("a.localhost", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("017700000001", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("0", "0.0.0.0"),
            ("10.0.256", "10.0.1.0"),
            ("0x7f.0.0.01", "127.0.0.1"),
        ],
    )
    def test_is_an_address_in_any_spelling(self, host: str, address: str) -> None:
        assert literal(host) == ip_address(address)

    @pytest.mark.parametrize(
        "host",
        [
            *("", "files.example", "1.2.3.4.5", "256.1", "4294967296", "0x", "08", "1.2.3.256"),
            *("1..2", "-1", "0x1_0", "1_0"),
        ],
    )
    def test_is_none_of_a_name(self, host: str) -> None:
        assert literal(host) is None

    @given(st.text(max_size=40))
    def test_of_any_text_is_one_or_none(self, host: str) -> None:
        literal(host)
