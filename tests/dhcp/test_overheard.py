"""Which packets are another server's replies, and what they say."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.bpf import PACKET_TYPE, PROTOCOL, VLAN_TAG
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, MessageType, Op, build
from pyxie.dhcp.overheard import Other, program, read
from pyxie.dhcp.udp import wrap
from tests.dhcp.bpf import passes
from tests.dhcp.packets import MAC, discover
from tests.dhcp.replies import LEASED, ROUTER, overheard, reply

NEXT = IPv4Address("192.168.7.9")
RELAY = IPv4Address("10.1.0.1")


def told(message: DhcpMessage) -> Other | None:
    return read(message, source=ROUTER, interface=2, name="eth0", here=False, moment=5.0)


class TestAReply:
    def test_tells_who_sent_it_and_what_there_is_to_boot(self) -> None:
        message = reply(
            kind=MessageType.ACK,
            siaddr=NEXT,
            file=b"pxelinux.0",
            o60=b"PXEClient",
            o66=b"tftp.example.org\0",
            o67=b"grub.efi\0\xff",
            o43=b"\x06\x01\x08\xff",
        )

        assert told(message) == Other(
            server=ROUTER,
            source=ROUTER,
            network=2,
            interface="eth0",
            here=False,
            kind="ACK",
            mac=MAC,
            xid=0x01020304,
            addresses=True,
            siaddr=NEXT,
            file="pxelinux.0",
            vendor_class="PXEClient",
            tftp_server="tftp.example.org",
            bootfile="grub.efi",
            vendor_options="060108ff",
            moment=5.0,
        )

    def test_without_option_54_is_of_who_sent_it(self) -> None:
        assert overheard(reply(server=None), source=NEXT).server == NEXT

    def test_by_way_of_a_relay_agent_is_of_that_ones_network(self) -> None:
        asked = replace(discover(7), giaddr=RELAY)

        assert overheard(reply(asked)).network == RELAY

    def test_without_an_address_for_the_client_is_a_pxe_servers(self) -> None:
        found = overheard(reply(leased=UNSPECIFIED, o60=b"PXEClient"))

        assert (found.addresses, found.is_pxe, found.boots) == (False, True, True)

    @pytest.mark.parametrize("said", [{"file": b"x"}, {"o67": b"x"}, {"o60": b"HTTPClient"}])
    def test_has_something_to_boot_with_a_file_or_as_a_pxe_server(
        self, said: dict[str, bytes]
    ) -> None:
        assert overheard(reply(**said)).boots  # type: ignore[arg-type]  # names of keywords

    def test_that_names_a_next_server_alone_has_nothing_to_boot(self) -> None:
        """Dnsmasq names itself, whatever it serves; telephones have option 66."""
        assert not overheard(reply(siaddr=ROUTER, o66=b"phones", o60=b"MSFT 5.0")).boots

    def test_cannot_fill_the_memory_or_a_terminal(self) -> None:
        found = overheard(reply(o67=b"\x1b[2J" + b"x" * 4000, o43=b"\x01" * 4000))

        assert found.bootfile == "\N{REPLACEMENT CHARACTER}[2J" + "x" * 124
        assert len(found.vendor_options) == 128

    @pytest.mark.parametrize(
        "message",
        [
            discover(7),
            reply(kind=MessageType.NAK),
            DhcpMessage(op=Op.REPLY, xid=1, chaddr=bytes(6)),
        ],
        ids=["request", "nak", "bootp"],
    )
    def test_is_no_request_and_no_refusal(self, message: DhcpMessage) -> None:
        assert told(message) is None


class TestForAnyBytes:
    @given(st.binary(max_size=8), st.binary(max_size=300))
    def test_what_is_told_is_printable_and_short(self, server: bytes, value: bytes) -> None:
        found = told(replace(reply(), options={53: b"\x02", 54: server, 60: value, 67: value}))

        assert found is not None
        assert found.bootfile.isprintable()
        assert len(found.bootfile) <= 128


KERNEL = {PROTOCOL: 0x0800, VLAN_TAG: 0, PACKET_TYPE: 1}
SENT = {**KERNEL, PACKET_TYPE: 4}


def packet(
    message: DhcpMessage | bytes, *, to: int = 68, protocol: int = 17, part: int = 0
) -> bytes:
    data = message if isinstance(message, bytes) else build(message)
    head = bytes([0x46, *bytes(5), part >> 8, part & 0xFF, 64, protocol, *bytes(14)])
    return head + wrap(data, ROUTER.packed, 67, LEASED.packed, to)


class TestTheKernel:
    @pytest.mark.parametrize("to", [67, 68])
    def test_passes_replies_to_clients_and_to_relay_agents(self, to: int) -> None:
        assert passes(program(), packet(reply(), to=to), KERNEL)

    @pytest.mark.parametrize(
        ("seen", "known"),
        [
            (packet(discover(7), to=67), KERNEL),
            (packet(reply(), to=69), KERNEL),
            (packet(reply(), protocol=6), KERNEL),
            (packet(reply(), part=0x2000), KERNEL),
            (packet(reply(), part=100), KERNEL),
            (packet(build(reply())[:236] + b"none" + bytes(60)), KERNEL),
            (packet(build(reply())[:200]), KERNEL),
            (packet(reply()), {**KERNEL, PROTOCOL: 0x86DD}),
            (packet(reply()), {**KERNEL, VLAN_TAG: 1}),
        ],
        ids=[
            *("request", "other port", "no UDP", "first fragment", "later fragment"),
            *("no cookie", "cut off", "IPv6", "of a VLAN, on its trunk"),
        ],
    )
    def test_passes_nothing_else(self, seen: bytes, known: dict[int, int]) -> None:
        assert not passes(program(), seen, known)

    def test_passes_what_this_host_sends_only_if_it_gives_an_address(self) -> None:
        """Our own offers never do."""
        assert passes(program(), packet(reply()), SENT)
        assert not passes(program(), packet(reply(leased=UNSPECIFIED)), SENT)
        assert passes(program(), packet(reply(leased=UNSPECIFIED)), KERNEL)
