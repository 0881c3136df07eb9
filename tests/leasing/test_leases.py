"""Who has which address, by dnsmasq's file."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import DHCP_LEASES
from pyxie.leasing.leases import Lease, parse

FILE = """\
1795410729 52:54:00:12:34:56 192.0.2.101 web01 01:52:54:00:12:34:56
0 52:54:00:AB:CD:EF 192.0.2.100 * *
"""


def test_leases_are_read_by_address() -> None:
    assert parse(FILE) == [
        Lease(IPv4Address("192.0.2.100"), "52:54:00:ab:cd:ef", "", None),
        Lease(IPv4Address("192.0.2.101"), "52:54:00:12:34:56", "web01", 1795410729.0),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "duid 00:01:00:01",
        "1795410729 06-52:54:00:12:34:56 192.0.2.101 * *",
        "soon 52:54:00:12:34:56 192.0.2.101 * *",
        "1795410729 52:54:00:12:34:56 192.0.2 * *",
    ],
    ids=["empty", "IPv6", "not Ethernet", "no time", "no address"],
)
def test_what_is_none_is_left_out(line: str) -> None:
    assert parse(f"{line}\n") == []


def test_a_name_is_the_clients_own_to_make_up() -> None:
    (lease,) = parse(f"0 52:54:00:12:34:56 192.0.2.1 \x1b[2J{'x' * 300} *\n")

    assert lease.name == "[2J" + "x" * 61


def test_no_more_are_read_than_there_can_be() -> None:
    before = DHCP_LEASES.times
    first = int(IPv4Address("10.0.0.0"))
    text = "".join(
        f"0 52:54:00:12:34:56 {IPv4Address(first + at)} * *\n"
        for at in range(DHCP_LEASES.whole + 1)
    )

    assert len(parse(text)) == DHCP_LEASES.whole
    assert DHCP_LEASES.times == before + 1


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    parse(text)
