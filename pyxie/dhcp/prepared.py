"""Answers that are sent over and over: bytes, and the way they go out by."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Protocol

from pyxie.dhcp.decide import Destination
from pyxie.dhcp.many import Outbox, Way
from pyxie.dhcp.received import CMSG, IP_PKTINFO, PKTINFO
from pyxie.dhcp.udp import summed

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


class Sender(Protocol):
    """Prepares answers that all go one way."""

    def prepared(self, data: bytes) -> Prepared:
        """Return what sends an answer, which is in the transaction 0."""
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
        before: The header, to the sum.
        data: The payload.
        total: Of the sum, as of `pyxie.dhcp.udp.summed`.
    """

    __slots__ = ("_before", "_between", "_outbox", "_rest", "_total", "_way")

    def __init__(self, outbox: Outbox, way: Way, before: bytes, data: bytes, total: int) -> None:
        self._outbox = outbox
        self._way = way
        self._before, self._between, self._rest = before, data[:4], data[8:]
        self._total = total

    def put(self, xid: int) -> None:
        """Have it sent; see `Prepared`."""
        check = 0xFFFF - (self._total + xid) % 0xFFFF
        self._outbox.put(_HEAD(self._before, check, self._between, xid) + self._rest, self._way)


class DatagramSender:
    """Prepares `PreparedDatagram`; arguments as of that."""

    def __init__(self, outbox: Outbox, way: Way) -> None:
        self._outbox = outbox
        self._way = way

    def prepared(self, data: bytes) -> Prepared:
        """Return what sends an answer; see `Sender`."""
        return PreparedDatagram(self._outbox, self._way, data)


class PacketSender:
    """Prepares `PreparedPacket`.

    Args:
        outbox: Of the socket.
        way: Where they go.
        source: Whence: the address, four bytes,
        source_port: and the port.
        to: Where to, beside the way.
    """

    def __init__(
        self, outbox: Outbox, way: Way, source: bytes, source_port: int, to: Destination
    ) -> None:
        self._outbox = outbox
        self._way = way
        self._ports = source_port.to_bytes(2) + to.port.to_bytes(2)
        self._total = summed(b"", source, source_port, to.address.packed, to.port)

    def prepared(self, data: bytes) -> Prepared:
        """Return what sends an answer; see `Sender`."""
        length = len(data)
        words = int.from_bytes(data if length % 2 == 0 else data + b"\0")
        # How long it is stands twice in what is summed: see `pyxie.dhcp.udp.summed`.
        total = (self._total + words + 2 * length) % 0xFFFF
        before = self._ports + (8 + length).to_bytes(2)
        return PreparedPacket(self._outbox, self._way, before, data, total)


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
