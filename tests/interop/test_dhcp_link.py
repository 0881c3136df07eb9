"""Answers to all of a link, put on it past the IP layer: as the kernel itself sends them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from pyxie.dhcp.alike import Form
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination
from pyxie.dhcp.link import Link
from pyxie.dhcp.prepared import mine
from pyxie.dhcp.sockets import RawSocket
from tests.interop.netns import Host, need, network

pytestmark = pytest.mark.interop

TO_ALL = Destination(LIMITED_BROADCAST, 68)
SOURCE = IPv4Address("10.99.0.1")
ANSWER = Form((bytes(300),), ())
XID = 7
SENT = bytes(4) + XID.to_bytes(4) + bytes(292)
_ETH_P_IP = 0x0800


@dataclass
class Wire:
    """A host with pyxie's socket, and what another host sees on the wire."""

    host: Host
    raw: RawSocket
    seen: socket.socket
    here: socket.socket
    index: int

    def offer(self) -> None:
        """Send an answer that was laid out."""
        sender = self.raw.sender(TO_ALL, SOURCE, self.index)
        sender.laid(ANSWER).put(XID, mine(bytes(6)), b"")
        assert self.raw.flush() == {}


@pytest.fixture
def wire() -> Iterator[Wire]:
    need("ip")
    with network() as net, ExitStack() as stack:
        host, other = net.host("s"), net.host("c")
        host.ip(f"link add eth0 type veth peer name eth0 netns {other.name}")
        host.ip(f"addr add {SOURCE}/16 brd + dev eth0")
        for joined in (host, other):
            joined.ip("link set lo up")
            joined.ip("link set eth0 up")
        raw = stack.enter_context(closing(host.inside(lambda: RawSocket(strangers=False))))
        here = stack.enter_context(closing(host.socket(socket.SOCK_DGRAM)))
        here.bind(("0.0.0.0", 68))
        seen = stack.enter_context(closing(other.inside(_seeing)))
        for each in (here, seen):
            each.settimeout(5)
        yield Wire(host, raw, seen, here, host.inside(lambda: socket.if_nametoindex("eth0")))


def _seeing() -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
    made.bind(("eth0", _ETH_P_IP))
    return made


def test_an_answer_is_the_one_that_the_kernel_would_send(wire: Wire) -> None:
    wire.raw.send(SENT, TO_ALL, SOURCE, wire.index)
    by_kernel = Ether(wire.seen.recv(2048))
    wire.here.recv(2048)
    wire.offer()
    by_us = Ether(wire.seen.recv(2048))

    assert (by_us.dst, by_us.src, by_us.type) == (by_kernel.dst, by_kernel.src, by_kernel.type)
    told, expected = by_us[IP], by_kernel[IP]
    for each in (told, expected):
        each.id, each.chksum = 0, None
    assert bytes(told) == bytes(expected)


def test_this_host_itself_is_not_told(wire: Wire) -> None:
    """That took longer than the sending."""
    wire.offer()
    wire.seen.recv(2048)

    wire.here.setblocking(False)
    with pytest.raises(BlockingIOError):
        wire.here.recv(2048)


def test_an_interface_that_is_no_ethernet_is_left_to_the_kernel(wire: Wire) -> None:
    def look() -> tuple[bool, bool, bool]:
        link = Link.opened()
        assert link is not None
        with closing(link):
            indices = (socket.if_nametoindex("lo"), wire.index, 4711)
            lo, eth, none = (link.to_all(each) is not None for each in indices)
            return lo, eth, none

    assert wire.host.inside(look) == (False, True, False)


def test_one_that_goes_away_fails_as_any_does(wire: Wire) -> None:
    sender = wire.raw.sender(TO_ALL, SOURCE, wire.index)
    wire.host.ip("link del eth0")
    sender.laid(ANSWER).put(XID, mine(bytes(6)), b"")

    assert list(wire.raw.flush()) == [0]
