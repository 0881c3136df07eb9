"""Answers that are sent over and over: bytes, and the way they go out by."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Protocol

from pyxie.dhcp.decide import Destination
from pyxie.dhcp.many import Outbox, Way
from pyxie.dhcp.received import CMSG, IP_PKTINFO, PKTINFO

_FAMILY: Final = Struct("=H")
_PORT: Final = Struct(">H")
_HEAD: Final = Struct("!6sH4sI").pack
_WAYS: Final = 64
"""Interfaces, each with an address of ours, as far as they are known at once."""
_ANY: Final = bytes(4)


class Prepared(Protocol):
    """An answer that is sent over and over."""

    def put(self, xid: int) -> None:
        """Have it sent in a transaction."""
        ...


class PreparedDatagram:
    """One for a socket that puts headers before what it sends.

    Args:
        outbox: Of the socket.
        way: Where it goes.
        data: The payload.
    """

    __slots__ = ("_before", "_outbox", "_rest", "_way")

    def __init__(self, outbox: Outbox, way: Way, data: bytes) -> None:
        self._outbox = outbox
        self._way = way
        self._before, self._rest = data[:4], data[8:]

    def put(self, xid: int) -> None:
        """Have it sent; see `Prepared`."""
        self._outbox.put(b"".join((self._before, xid.to_bytes(4), self._rest)), self._way)


class PreparedPacket:
    """One for a raw socket, whose UDP header has a sum of all.

    Args:
        outbox: Of the socket.
        way: Where it goes.
        data: The UDP datagram.
        total: Of its sum, as of `pyxie.dhcp.udp.summed`.
    """

    __slots__ = ("_before", "_between", "_outbox", "_rest", "_total", "_way")

    def __init__(self, outbox: Outbox, way: Way, data: bytes, total: int) -> None:
        self._outbox = outbox
        self._way = way
        self._before, self._between, self._rest = data[:6], data[8:12], data[16:]
        self._total = total

    def put(self, xid: int) -> None:
        """Have it sent; see `Prepared`."""
        check = 0xFFFF - (self._total + xid) % 0xFFFF
        self._outbox.put(_HEAD(self._before, check, self._between, xid) + self._rest, self._way)


class Ways:
    """Those that answers go by out of one socket: as many as there are interfaces."""

    def __init__(self) -> None:
        self._kept: dict[tuple[IPv4Address, int, IPv4Address, int], Way] = {}

    def way(self, to: Destination, port: int, source: IPv4Address, index: int) -> Way:
        """Return one.

        Args:
            to: Where it leads.
            port: The port there, if the kernel is to be told it.
            source: Whence.
            index: Out of which interface.
        """
        key = (to.address, port, source, index)
        way = self._kept.get(key)
        if way is None:
            if len(self._kept) >= _WAYS:
                self._kept.clear()
            address = _FAMILY.pack(socket.AF_INET) + _PORT.pack(port) + to.address.packed + bytes(8)
            [(level, kind, info)] = control(to, source, index)
            room = bytes(socket.CMSG_SPACE(len(info)) - socket.CMSG_LEN(len(info)))
            head = CMSG.pack(socket.CMSG_LEN(len(info)), level, kind)
            way = self._kept[key] = Way(address, head + info + room)
        return way


def control(to: Destination, source: IPv4Address, index: int) -> list[tuple[int, int, bytes]]:
    """Return what sends a datagram so, for sendmsg(2)."""
    # Off-link relays and routed clients are reached as the routing table says.
    info = PKTINFO.pack(0 if to.routed else index, source.packed, _ANY)
    return [(socket.IPPROTO_IP, IP_PKTINFO, info)]
