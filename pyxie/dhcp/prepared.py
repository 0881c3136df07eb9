"""Answers that are sent over and over: laid out for machines that ask alike, filled in for each."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address
from struct import Struct
from typing import Any, Final, NamedTuple, Protocol

from pyxie.dhcp.alike import MAC, NAME, UUID, Form, Own, named
from pyxie.dhcp.decide import Destination
from pyxie.dhcp.many import Load, Outbox, Way
from pyxie.dhcp.received import CMSG, IP_PKTINFO, PKTINFO
from pyxie.dhcp.udp import ip_header, summed

_FAMILY: Final = Struct("=H")
_PORT: Final = Struct(">H")
_WAYS: Final = 64
"""Interfaces, each with an address of ours, as far as they are known at once."""
_ANY: Final = bytes(4)


class Mine(NamedTuple):
    """What answers to a machine are filled in with, beside its UUID, and what that adds to sums.

    Attributes:
        mac: Six bytes.
        name: The same, as it stands in files' names.
        mac_sum: Of `mac` as one number, modulo 65535.
        name_sum: Of `name`.
    """

    mac: bytes
    name: bytes
    mac_sum: int
    name_sum: int


def mine(mac: bytes) -> Mine:
    """Return that of a machine, by the six bytes of its MAC address."""
    name = named(mac)
    return Mine(mac, name, int.from_bytes(mac) % 0xFFFF, int.from_bytes(name) % 0xFFFF)


class Prepared(Protocol):
    """An answer to a machine that is sent over and over."""

    def put(self, xid: int) -> None:
        """Have it sent in a transaction."""
        ...


class Laid(Protocol):
    """An answer to machines that ask alike, laid out."""

    def put(self, xid: int, to: Mine, uuid: bytes) -> None:
        """Have it sent to one of them in a transaction, for once."""
        ...

    def prepared(self, to: Mine, uuid: bytes) -> Prepared:
        """Return what sends it to one of them."""
        ...


class Sender(Protocol):
    """Lays out answers that all go one way."""

    def laid(self, form: Form) -> Laid:
        """Return what sends an answer, filled in."""
        ...


class PreparedDatagram:
    """One for a socket that puts headers before what it sends.

    Args:
        outbox: Of the socket.
        load: How long it is, and where it goes.
        struct: What it is written by.
        values: What of; the transaction is the second.
    """

    __slots__ = ("_load", "_outbox", "_values", "_write")

    def __init__(self, outbox: Outbox, load: Load, struct: Struct, values: list[Any]) -> None:
        self._outbox = outbox
        self._load = load
        self._write = struct.pack_into
        self._values = values

    def put(self, xid: int) -> None:
        """Have it sent; see `Prepared`."""
        outbox, values, write = self._outbox, self._values, self._write
        values[1] = xid
        write(outbox.room, outbox.place(self._load), *values)


class PreparedPacket:
    """One for a raw socket, whose UDP header has a sum of all.

    Args:
        outbox: Of the socket.
        load: How long it is, and where it goes.
        struct: What it is written by.
        values: What of; the second is the sum, the fourth the transaction.
        total: Of the sum, but for the transaction, as of `pyxie.dhcp.udp.summed`.
    """

    __slots__ = ("_load", "_outbox", "_total", "_values", "_write")

    def __init__(
        self, outbox: Outbox, load: Load, struct: Struct, values: list[Any], total: int
    ) -> None:
        self._outbox = outbox
        self._load = load
        self._write = struct.pack_into
        self._values = values
        self._total = total

    def put(self, xid: int) -> None:
        """Have it sent; see `Prepared`."""
        outbox, values, write = self._outbox, self._values, self._write
        values[1] = 0xFFFF - (self._total + xid) % 0xFFFF
        values[3] = xid
        write(outbox.room, outbox.place(self._load), *values)


class LaidDatagram:
    """Lays out a `PreparedDatagram`; arguments as of that.

    Args:
        form: The payload.
    """

    def __init__(self, outbox: Outbox, way: Way, form: Form) -> None:
        self._outbox = outbox
        parts = _parts(form)
        self._struct = _struct(parts)
        self._load = Load(self._struct.size, way)
        self._values, self._gaps = _laid(parts)

    def put(self, xid: int, to: Mine, uuid: bytes) -> None:
        """Have it sent to a machine; see `Laid`."""
        self.prepared(to, uuid).put(xid)

    def prepared(self, to: Mine, uuid: bytes) -> Prepared:
        """Return what sends it to a machine; see `Laid`."""
        values, of_it = self._values.copy(), (to.mac, to.name, uuid)
        for at, which in self._gaps:
            values[at] = of_it[which]
        return PreparedDatagram(self._outbox, self._load, self._struct, values)


class LaidPacket:
    """Lays out a `PreparedPacket`; arguments as of that.

    Args:
        before: The header, to the sum.
        form: The payload.
        total: What headers add to the sum.
    """

    def __init__(self, outbox: Outbox, way: Way, before: bytes, form: Form, total: int) -> None:
        self._outbox = outbox
        parts = _parts(form)
        size, times = 0, [0, 0, 0]
        for each in parts:
            size += len(each) if isinstance(each, bytes) else _SIZES[each]
            if not isinstance(each, bytes) and each != _XID:
                # 2**16 is 1 modulo 65535: it counts by where in its word it ends.
                times[each] += 1 if size % 2 == 0 else 1 << 8
        self._times = times
        plain = form.filled(Own(bytes(6), bytes(_SIZES[UUID])), bytes(_SIZES[NAME]))
        words = int.from_bytes(plain if size % 2 == 0 else plain + b"\0")
        self._total = (total + words) % 0xFFFF
        self._struct = _struct([before, _SUM, *parts])
        self._write = self._struct.pack_into
        self._load = Load(self._struct.size, way)
        self._values, self._gaps = _laid([before, _SUM, *parts])

    def put(self, xid: int, to: Mine, uuid: bytes) -> None:
        """Have it sent to a machine; see `Laid`."""
        outbox, values, write = self._outbox, self._values, self._write
        values[1] = 0xFFFF - (self._fill(values, to, uuid) + xid) % 0xFFFF
        values[3] = xid
        write(outbox.room, outbox.place(self._load), *values)

    def prepared(self, to: Mine, uuid: bytes) -> Prepared:
        """Return what sends it to a machine; see `Laid`."""
        values = self._values.copy()
        total = self._fill(values, to, uuid) % 0xFFFF
        return PreparedPacket(self._outbox, self._load, self._struct, values, total)

    def _fill(self, values: list[Any], to: Mine, uuid: bytes) -> int:
        """Fill in what is a machine's own; return the sum, but for the transaction."""
        mac, name, mac_sum, name_sum = to
        of_it = mac, name, uuid
        for at, which in self._gaps:
            values[at] = of_it[which]
        macs, names, uuids = self._times
        return self._total + macs * mac_sum + names * name_sum + uuids * int.from_bytes(uuid)


_XID, _SUM = range(3, 5)
"""What else is filled in, beside `MAC`, `NAME` and `UUID`."""
_CODES: Final = {MAC: "6s", NAME: "17s", UUID: "16s", _XID: "I", _SUM: "H"}
_SIZES: Final = {each: Struct(f">{code}").size for each, code in _CODES.items()}


def _parts(form: Form) -> list[bytes | int]:
    """Return an answer in its parts: what is the same in all, and what is filled in."""
    which = dict(form.gaps)
    parts = [which[at] if each is None else each for at, each in enumerate(form.pieces)]
    head = form.pieces[0] or b""  # to the MAC address, which is behind the transaction
    return [head[:4], _XID, head[8:], *parts[1:]]


def _struct(parts: list[bytes | int]) -> Struct:
    """Return what writes parts in one go."""
    codes = (f"{len(each)}s" if isinstance(each, bytes) else _CODES[each] for each in parts)
    return Struct(">" + "".join(codes))


def _laid(parts: list[bytes | int]) -> tuple[list[Any], list[tuple[int, int]]]:
    """Return what is written, and where in it is what of a machine's own."""
    own = (MAC, NAME, UUID)
    return list(parts), [(at, each) for at, each in enumerate(parts) if each in own]


class DatagramSender:
    """Lays out `LaidDatagram`; arguments as of that."""

    def __init__(self, outbox: Outbox, way: Way) -> None:
        self._outbox = outbox
        self._way = way

    def laid(self, form: Form) -> Laid:
        """Return what sends an answer; see `Sender`."""
        return LaidDatagram(self._outbox, self._way, form)


class PacketSender:
    """Lays out `LaidPacket`.

    Args:
        outbox: Of the socket.
        way: Where they go.
        source: Whence: the address, four bytes,
        source_port: and the port.
        to: Where to, beside the way.
        whole: IP's header is to be put before it, too.
    """

    def __init__(
        self,
        outbox: Outbox,
        way: Way,
        source: bytes,
        source_port: int,
        to: Destination,
        *,
        whole: bool = False,
    ) -> None:
        self._outbox = outbox
        self._way = way
        self._addresses = (source, to.address.packed) if whole else None
        self._ports = source_port.to_bytes(2) + to.port.to_bytes(2)
        self._total = summed(b"", source, source_port, to.address.packed, to.port)

    def laid(self, form: Form) -> Laid:
        """Return what sends an answer; see `Sender`."""
        length = form.length
        before = self._ports + (8 + length).to_bytes(2)
        if self._addresses is not None:
            before = ip_header(8 + length, *self._addresses) + before
        # How long it is stands twice in what is summed: see `pyxie.dhcp.udp.summed`.
        return LaidPacket(self._outbox, self._way, before, form, self._total + 2 * length)


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
