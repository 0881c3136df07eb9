"""What a request tells of its client."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.identify import agent_options, identify, whereabouts
from pyxie.recognition.discovered import Whereabouts
from tests.dhcp.packets import SERVER, discover

RELAY = IPv4Address("198.51.100.1")
CIRCUIT = b"\1\x08ge-0/0/1\2\4\0\1sw\5\4\xcb\0\x71\0"


class TestIdentity:
    def test_is_read_out_of_options_and_header(self) -> None:
        message = discover(7, o12=b"web07\0", o82=CIRCUIT[:16])
        found = identify(replace(message, giaddr=RELAY), SERVER)

        assert (found.circuit_id, found.remote_id) == (b"ge-0/0/1", b"\0\1sw")
        assert (found.hostname, found.arch, found.address) == ("web07", 7, RELAY)
        assert found.options[60].startswith(b"PXEClient")
        assert found.asked is None

    def test_a_uuid_counts_in_either_order_of_bytes(self) -> None:
        assert identify(discover(), None).uuids == {
            "30313233-3435-3637-3839-616263646566",
            "33323130-3534-3736-3839-616263646566",
        }
        assert identify(discover(o97=None), None).uuids == frozenset()
        assert identify(discover(o97=b"\1" + bytes(16)), None).uuids == frozenset()

    def test_a_uuid_that_many_boards_have_counts_as_none(self) -> None:
        sent = UUID("03000200-0400-0500-0006-000700080009")
        assert identify(discover(o97=b"\0" + sent.bytes), None).uuids == frozenset()
        assert identify(discover(o97=b"\0" + sent.bytes_le), None).uuids == frozenset()

    def test_a_name_or_a_port_that_nobody_has_set_counts_as_none(self) -> None:
        found = identify(discover(o12=b"localhost\0", o82=b"\1\4\0\0\0\0\2\4none"), None)

        assert (found.hostname, found.circuit_id, found.remote_id) == ("", None, None)

    def test_the_link_that_a_relay_names_is_where_the_client_is(self) -> None:
        relayed = replace(discover(o82=CIRCUIT), giaddr=RELAY)

        assert identify(relayed, SERVER).address == IPv4Address("203.0.113.0")

    def test_without_a_relay_it_is_on_our_own_link(self) -> None:
        assert identify(discover(), SERVER).address == SERVER
        assert identify(replace(discover(), ciaddr=RELAY), SERVER).address == RELAY
        assert identify(discover(), None).address is None


class TestWhereabouts:
    def test_are_our_own_network_where_it_was_heard_itself(self) -> None:
        lan = IPv4Network("192.0.2.0/24")

        assert whereabouts(discover(o82=CIRCUIT), "eth0", lan) == Whereabouts(
            interface="eth0", network="192.0.2.0/24"
        )
        assert whereabouts(discover(), "eth1", None) == Whereabouts(interface="eth1")

    def test_are_what_the_relay_agent_says_of_its_port(self) -> None:
        relayed = replace(discover(o82=CIRCUIT), giaddr=RELAY)

        assert whereabouts(relayed, "eth0", None) == Whereabouts(
            interface="eth0",
            network="203.0.113.0",
            relay="198.51.100.1",
            port="ge-0/0/1",
            switch="0x00017377",
        )

    def test_of_a_relay_agent_that_says_no_more_are_its_address(self) -> None:
        relayed = replace(discover(o82=b"\1\4\0\0\0\0\2\3\x30x1"), giaddr=RELAY)

        assert whereabouts(relayed, "eth0", None) == Whereabouts(
            interface="eth0", network="198.51.100.1", relay="198.51.100.1", switch="0x307831"
        )


class TestAgentOptions:
    @pytest.mark.parametrize(
        ("value", "found"),
        [
            (b"", {}),
            (b"\1", {}),
            (b"\1\0", {1: b""}),
            (b"\0\1a\xff\1b", {0: b"a", 255: b"b"}),  # neither PAD nor END
            (b"\1\1a\1\1b", {1: b"a"}),
            (b"\1\1a\2\5b", {1: b"a"}),
        ],
    )
    def test_are_read_as_far_as_they_go(self, value: bytes, found: dict[int, bytes]) -> None:
        assert agent_options(value) == found

    @given(st.binary(max_size=300))
    def test_of_any_bytes_there_is_no_error(self, value: bytes) -> None:
        assert sum(2 + len(each) for each in agent_options(value).values()) <= len(value)

    @given(st.dictionaries(st.integers(0, 255), st.binary(max_size=40), max_size=6))
    def test_are_read_as_they_were_written(self, written: dict[int, bytes]) -> None:
        value = b"".join(bytes((code, len(each))) + each for code, each in written.items())
        assert agent_options(value) == written
