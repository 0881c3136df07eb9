"""What is read of sockets, from what the kernel gives."""

from __future__ import annotations

import socket
import time
from struct import Struct
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.many import ANCILLARY, ROOM, Came
from pyxie.dhcp.received import (
    CMSG,
    IP_PKTINFO,
    PKTINFO,
    SO_TIMESTAMPNS,
    Received,
    Unreadable,
    of_datagrams,
    of_packets,
)
from pyxie.dhcp.udp import unwrap, wrap
from pyxie.errors import WireError

SOURCE = bytes([192, 0, 2, 7])
ANY = bytes(4)


class Datagram(NamedTuple):
    """One that has come, and what the kernel tells of it, in that order."""

    packet: bytes
    told: tuple[str, ...] = ("time", "place")
    flags: int = 0
    interface: int = 3


def packet(payload: bytes, options: bytes = b"") -> bytes:
    segment = wrap(payload, SOURCE, 68, ANY, 67)
    size = 20 + len(options) + len(segment)
    first = 0x40 | (20 + len(options)) // 4
    head = bytes([first, 0]) + size.to_bytes(2) + bytes(4) + b"\x40\x11\0\0" + SOURCE + ANY
    return head + options + segment


def message(level: int, kind: int, value: bytes) -> bytes:
    head = CMSG.pack(socket.CMSG_LEN(len(value)), level, kind)
    return (head + value).ljust(socket.CMSG_SPACE(len(value)), b"\0")


def told(what: str, index: int) -> bytes:
    if what == "place":
        return message(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(index, ANY, ANY))
    if what == "ttl":
        return message(socket.IPPROTO_IP, 2, (64).to_bytes(4, "little"))
    at = time.time() - 1.0
    value = Struct("@ll").pack(int(at), int(at % 1 * 1e9))
    return message(socket.SOL_SOCKET, SO_TIMESTAMPNS, value)


def came(*datagrams: Datagram) -> Came:
    data, ancillary, each = b"", b"", list[tuple[int, int, int]]()
    for one in datagrams:
        of_it = b"".join(told(what, one.interface) for what in one.told)
        data += one.packet[:ROOM].ljust(ROOM, b"\xff")
        ancillary += of_it.ljust(ANCILLARY, b"\xff")
        each.append((len(of_it), one.flags, min(ROOM, len(one.packet))))
    sender = Struct(">xxH4s8x").pack(68, SOURCE)
    return Came(data, ancillary, sender * len(datagrams), tuple(each))


_TOLD = st.sampled_from(
    [("time", "place"), ("place", "time"), ("place",), ("time",), ("ttl", "place"), ()]
)
_PACKETS = st.one_of(
    st.builds(packet, st.binary(max_size=60)),
    st.builds(packet, st.binary(max_size=60), st.sampled_from([b"\1\1\1\1", bytes(40)])),
    st.binary(max_size=60),
    st.builds(lambda whole, cut: whole[:cut], st.builds(packet, st.binary()), st.integers(0, 48)),
)
_FLAGS = st.sampled_from([0, 0, int(socket.MSG_TRUNC), int(socket.MSG_DONTWAIT)])


class TestWhatARawSocketIsGiven:
    @given(st.lists(st.builds(Datagram, _PACKETS, _TOLD, _FLAGS, st.integers(1, 9)), max_size=4))
    def test_is_what_is_in_each_packet_and_how_it_came(self, datagrams: list[Datagram]) -> None:
        found = of_packets(came(*datagrams))

        assert len(found) == len(datagrams)
        for one, each in zip(datagrams, found, strict=True):
            assert each.interface == (one.interface if "place" in one.told else 0)
            try:
                assert not one.flags & socket.MSG_TRUNC
                expected = unwrap(one.packet)
            except (AssertionError, WireError):
                assert isinstance(each, Unreadable)
                continue
            assert isinstance(each, Received)
            assert each[:3] == tuple(expected)
            assert (0.9 < each.waited < 60) is ("time" in one.told)

    def test_seems_not_to_have_waited_where_the_clock_was_set(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = came(Datagram(packet(b"a")))
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 3600)
        [each] = of_packets(one)

        assert isinstance(each, Received)
        assert each.waited == 0.0


class TestWhatAUdpSocketIsGiven:
    @given(_TOLD)
    def test_is_each_datagram_and_how_it_came(self, what: tuple[str, ...]) -> None:
        one, cut = Datagram(b"asks", what), Datagram(bytes(ROOM), what, int(socket.MSG_TRUNC))
        whole, unreadable = of_datagrams(came(one, cut))

        assert whole[:3] == (b"asks", SOURCE, 68)
        assert whole.interface == (one.interface if "place" in what else 0)
        assert isinstance(unreadable, Unreadable)
        assert str(unreadable.error) == "byte 2048: datagram: is longer than 2048 bytes"
