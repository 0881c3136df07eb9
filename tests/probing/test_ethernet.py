"""Ethernet frames with answers to a DHCP client in them."""

from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether

from pyxie.dhcp.message import build
from pyxie.dhcp.sockets import attach
from pyxie.errors import WireError
from pyxie.probing.ethernet import FILTER, unframe
from tests.probing.frames import LINK, SERVER, framed, offer


def passed(frame: bytes) -> bool:
    """Tell whether the kernel lets a frame through, by a socket that needs no rights."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        attach(here, FILTER)
        with contextlib.suppress(OSError):  # of a dropped one the sender is told nothing
            there.send(frame)
        here.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            return len(here.recv(4096)) == len(frame)
    return False


class TestAnAnswer:
    def test_is_taken_out_of_its_headers(self) -> None:
        said = offer()

        (data, source, port), link = unframe(framed(said))

        assert (data, source, port) == (build(said), SERVER.packed, 67)
        assert link.hex(":") == LINK

    def test_is_passed_by_the_kernel(self) -> None:
        assert passed(framed(offer()))

    @pytest.mark.parametrize(
        "frame",
        [
            framed(offer(), to=67),
            bytes(Ether() / ARP()),
            bytes(Ether() / IPv6() / UDP(dport=68) / b"x"),
            bytes(Ether() / IP() / TCP(dport=68)),
            bytes(Ether() / IP(frag=20) / UDP(dport=68) / b"x"),
            bytes(12),
        ],
        ids=["a question", "ARP", "IPv6", "TCP", "a fragment", "cut short"],
    )
    def test_is_all_that_is_passed(self, frame: bytes) -> None:
        assert not passed(frame)

    def test_behind_options_of_ip_is_passed_as_well(self) -> None:
        assert passed(bytes(Ether() / IP(options=b"\x01" * 8) / UDP(dport=68) / b"x"))


class TestAFault:
    @pytest.mark.parametrize(
        ("frame", "text"),
        [
            (b"", "byte 0: Ethernet header: 0 bytes are not 14"),
            (framed(offer())[:20], "byte 20: IP header: 6 bytes are not 20"),
        ],
    )
    def test_is_told_with_its_place_in_the_frame(self, frame: bytes, text: str) -> None:
        with pytest.raises(WireError) as caught:
            unframe(frame)

        assert str(caught.value) == text


class TestForAnyBytes:
    @given(st.binary(max_size=80))
    def test_the_only_error_is_a_wire_error(self, frame: bytes) -> None:
        with contextlib.suppress(WireError):
            unframe(frame)
