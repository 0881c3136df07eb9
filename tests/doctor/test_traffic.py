"""The packets of a boot."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from pyxie.doctor.traffic import Served, answered, incoming, outgoing

SERVED = Served(
    interface="eth0",
    address=IPv4Address("192.0.2.10"),
    network=IPv4Network("192.0.2.0/24"),
)


class TestIncoming:
    def test_is_all_that_a_client_begins_with(self) -> None:
        assert [(each.protocol, each.port, str(each.target)) for each in incoming(SERVED)] == [
            ("udp", 67, "255.255.255.255"),
            ("udp", 4011, "192.0.2.10"),
            ("udp", 69, "192.0.2.10"),
            ("tcp", 8090, "192.0.2.10"),
        ]

    def test_is_without_dhcp_where_that_is_not_answered(self) -> None:
        served = replace(SERVED, dhcp=False, http=80)

        assert [each.port for each in incoming(served)] == [69, 80]


class TestOutgoing:
    def test_a_transfer_goes_on_from_a_port_of_its_own(self) -> None:
        rest = answered(SERVED)

        assert rest is not None
        assert (rest.state, rest.port) == ("established", 50_000)
        assert [(each.source_port, each.state) for each in outgoing(SERVED)] == [
            (67, "new"),
            (50_000, "new"),
            (8090, "established"),
        ]

    def test_a_single_port_of_tftp_stays_the_same(self) -> None:
        served = replace(SERVED, single_port=True, dhcp=False)

        assert answered(served) is None
        assert [(each.source_port, each.state) for each in outgoing(served)] == [
            (69, "established"),
            (8090, "established"),
        ]
