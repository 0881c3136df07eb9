"""The sockets that DHCP is received on: a raw one beside other servers, or bound ones.

All tell the interface that a datagram came in on, and send from a chosen address out of
a chosen interface (IP_PKTINFO, ip(7)). They open without blocking.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, NamedTuple, Protocol, TypeVar

from pyxie.dhcp.bpf import INSTRUCTION
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination, Port
from pyxie.dhcp.many import ANCILLARY, ROOM, Inbox, Outbox, Way
from pyxie.dhcp.sieve import Sieve
from pyxie.dhcp.udp import headed, summed, unwrap, wrap
from pyxie.errors import StartError, WireError

MAX_DATAGRAM: Final = ROOM
"""Bytes; no DHCP client sends more than an Ethernet frame."""

_IP_PKTINFO: Final = 8  # linux/in.h; the socket module names it from Python 3.14 on
_SO_ATTACH_FILTER: Final = 26  # asm-generic/socket.h, like those below
_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35
_PKTINFO: Final = Struct("=i4s4s")  # ipi_ifindex, ipi_spec_dst, ipi_addr
_TIMESPEC: Final = Struct("@ll")
_CMSG: Final = Struct("@Nii")  # cmsg_len, cmsg_level, cmsg_type
_BOTH: Final = Struct("@Niill Niii4s4s4x")
"""Both that are asked for, in Linux' order: the time, and the interface."""
_WHOLE: Final = socket.CMSG_SPACE(16) + socket.CMSG_SPACE(12)
_IS_BOTH: Final = (socket.SOL_SOCKET, _SO_TIMESTAMPNS, socket.IPPROTO_IP, _IP_PKTINFO)
_HEADERS: Final = Struct(">B11x4s4xHxxHxx")
"""Of IP without options: its first byte and the source; of UDP: the source's port, the length."""
_PLAIN: Final = 0x45
_SENDER: Final = Struct(">xxH4s8x")  # struct sockaddr_in
_FAMILY: Final = Struct("=H")
_PORT: Final = Struct(">H")
_WAYS: Final = 64
"""Interfaces, each with an address of ours, as far as they are known at once."""
_RECEIVE_BUFFER: Final = 4 << 20
"""Bytes: a hall that is powered on at once, or the sixth of a second of a flood. What has waited
too long is told by its timestamp, and the newest comes first (`pyxie.dhcp.backlog`)."""
_STRANGERS_BUFFER: Final = 1 << 19
"""Bytes: what waits behind a flood that fills it is read within a fifth of a second."""
_SEND_BUFFER: Final = 1 << 20
"""Bytes, as far as allowed; what waits in it for a neighbour to be found takes three seconds."""
_CLOCK_SET: Final = 60.0
"""Seconds; who seems to have waited for longer has not: the computer's clock was set."""
_ANY: Final = bytes(4)


class Received(NamedTuple):
    """A datagram and how it came.

    Attributes:
        data: The UDP payload.
        source: The sender's address, four bytes.
        source_port: The sender's port.
        interface: The number of the interface that it came in on.
        waited: Seconds that it waited to be read.
    """

    data: bytes
    source: bytes
    source_port: int
    interface: int
    waited: float = 0.0


class Unreadable(NamedTuple):
    """A packet that holds no whole UDP datagram, and why not."""

    error: WireError
    data: bytes
    interface: int


class DhcpSocket(Protocol):
    """Receives requests on one port and sends answers from it."""

    port: Port
    strangers: bool
    """It receives nothing of a machine that the kernel was told of."""

    def fileno(self) -> int:
        """Return the file descriptor, for the event loop."""
        ...

    def receive(self) -> Sequence[Received | Unreadable]:
        """Return what has come, `pyxie.dhcp.many.MANY` at most.

        Raises:
            BlockingIOError: There is none.
            OSError: The socket is broken, or its interface went away.
        """
        ...

    def send(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> None:
        """Send ``data`` from ``source``, out of interface ``index``.

        Raises:
            OSError: It cannot be sent, or not now.
        """
        ...

    def prepared(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> Prepared:
        """Return what sends ``data`` as `send` does, in one transaction after the other.

        `flush` sends it; there is room for `pyxie.dhcp.many.MANY`.

        Args:
            data: An answer, in the transaction 0.
            to: Where it goes.
            source: Whence.
            index: Out of which interface.
        """
        ...

    def flush(self) -> Mapping[int, OSError]:
        """Send what was put; return which could not be sent, by their order, and why."""
        ...

    def close(self) -> None:
        """Close the socket."""
        ...


class Prepared(Protocol):
    """An answer that is sent over and over."""

    def put(self, transaction: bytes) -> None:
        """Have it sent in a transaction, four bytes."""
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

    def put(self, transaction: bytes) -> None:
        """Have it sent; see `Prepared`."""
        self._outbox.put(self._before + transaction + self._rest, self._way)


class PreparedPacket:
    """One for a raw socket, whose UDP header has a sum of all.

    Args:
        outbox: Of the socket.
        way: Where it goes.
        data: The UDP datagram.
        total: Of its sum, as of `summed`.
    """

    __slots__ = ("_before", "_between", "_outbox", "_rest", "_total", "_way")

    def __init__(self, outbox: Outbox, way: Way, data: bytes, total: int) -> None:
        self._outbox = outbox
        self._way = way
        self._before, self._between, self._rest = data[:6], data[8:12], data[16:]
        self._total = total

    def put(self, transaction: bytes) -> None:
        """Have it sent; see `Prepared`."""
        check = 0xFFFF - (self._total + int.from_bytes(transaction)) % 0xFFFF
        data = (self._before, check.to_bytes(2), self._between, transaction, self._rest)
        self._outbox.put(b"".join(data), self._way)


class _Ways:
    """Those that answers go by out of one socket: as many as there are interfaces."""

    def __init__(self) -> None:
        self._kept: dict[tuple[IPv4Address, int, IPv4Address, int], Way] = {}

    def way(self, to: Destination, port: int, source: IPv4Address, index: int) -> Way:
        key = (to.address, port, source, index)
        way = self._kept.get(key)
        if way is None:
            if len(self._kept) >= _WAYS:
                self._kept.clear()
            address = _FAMILY.pack(socket.AF_INET) + _PORT.pack(port) + to.address.packed + bytes(8)
            [(level, kind, info)] = _control(to, source, index)
            room = bytes(socket.CMSG_SPACE(len(info)) - socket.CMSG_LEN(len(info)))
            head = _CMSG.pack(socket.CMSG_LEN(len(info)), level, kind)
            way = self._kept[key] = Way(address, head + info + room)
        return way


Opened = TypeVar("Opened", bound=DhcpSocket)


def attach(to: socket.socket, program: bytes) -> None:
    """Have the kernel pass a socket only what a classic BPF program passes.

    Args:
        to: The socket.
        program: Of `pyxie.dhcp.bpf.compiled`.

    Raises:
        OSError: There is no room for it; the one before stays.
    """
    import ctypes  # for the program's address; nothing else in pyxie needs it

    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog { unsigned short len; struct sock_filter *filter; }, aligned.
    fprog = Struct("@HP").pack(len(program) // INSTRUCTION, ctypes.addressof(buffer))
    to.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)


class RawSocket:
    """Receives on port 67 without binding it, so that a DHCP server may run on this host.

    There are two, and each gets what the other does not; until they are told which machines are
    known, all are strangers.

    Args:
        strangers: This is the other one.
    """

    port: Port = 67

    def __init__(self, *, strangers: bool) -> None:
        self.strangers = strangers
        self._socket = _open(
            socket.SOCK_RAW,
            socket.IPPROTO_UDP,
            "hearing DHCP beside another server needs a raw socket: grant CAP_NET_RAW"
            " (AmbientCapabilities= in the systemd unit, or setcap), or set"
            " dhcp: {bind: true} to listen on port 67 instead",
            _STRANGERS_BUFFER if strangers else _RECEIVE_BUFFER,
        )
        try:
            self.sift(Sieve((), 1).program(self.port, known=not strangers))
        except OSError:
            self._socket.close()
            raise
        self._inbox, self._outbox, self._ways = Inbox(self._socket), Outbox(self._socket), _Ways()
        # What arrived before the filter was in place is not for us.
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(1)

    def sift(self, program: bytes) -> None:
        """Have the kernel pass only what is for this socket, by who is known now.

        Args:
            program: Of `Sieve.program`.

        Raises:
            OSError: It has no room for that; what it was told before stays.
        """
        attach(self._socket, program)

    def fileno(self) -> int:
        """Return the file descriptor, for the event loop."""
        return self._socket.fileno()

    def receive(self) -> Sequence[Received | Unreadable]:
        """Return what has come; see `DhcpSocket`."""
        data, ancillary, _, each = self._inbox.receive()
        found = list[Received | Unreadable]()
        at = 0
        for (_, flags, length), (index, waited) in zip(each, _told(ancillary, each), strict=True):
            if length >= _HEADERS.size and not flags & socket.MSG_TRUNC:
                first, source, port, size = _HEADERS.unpack_from(data, at)
                if first == _PLAIN and 8 <= size <= length - 20:
                    payload = data[at + 28 : at + 20 + size]
                    found.append(Received(payload, source, port, index, waited))
                    at += ROOM
                    continue
            found.append(_unusual(data[at : at + length], flags, index, waited))
            at += ROOM
        return found

    def send(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> None:
        """Send ``data``; see `DhcpSocket`."""
        datagram = wrap(data, source.packed, self.port, to.address.packed, to.port)
        ancillary = _control(to, source, index)
        # The port is in our header; raw(7) wants none in the address.
        self._socket.sendmsg([datagram], ancillary, 0, (_text(to.address), 0))

    def prepared(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> Prepared:
        """Return what sends ``data`` over and over; see `DhcpSocket`."""
        ends = (source.packed, self.port, to.address.packed, to.port)
        way = self._ways.way(to, 0, source, index)
        total = summed(data, *ends)
        return PreparedPacket(self._outbox, way, headed(data, self.port, to.port, total), total)

    def flush(self) -> Mapping[int, OSError]:
        """Send what was put; see `DhcpSocket`."""
        return self._outbox.flush()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class BoundSocket:
    """An ordinary UDP socket, for port 4011, or for 67 where that is to be owned."""

    strangers = False

    def __init__(self, port: Port) -> None:
        self.port: Port = port
        self._socket = _open(
            socket.SOCK_DGRAM,
            0,
            f"UDP port {port} may not be opened: start as root, or grant CAP_NET_BIND_SERVICE"
            " (AmbientCapabilities= in the systemd unit, or setcap)",
        )
        try:
            self._socket.bind(("0.0.0.0", port))
        except OSError as error:
            self._socket.close()
            raise _not_bound(error, port) from error
        self._inbox, self._outbox, self._ways = Inbox(self._socket), Outbox(self._socket), _Ways()

    def fileno(self) -> int:
        """Return the file descriptor, for the event loop."""
        return self._socket.fileno()

    def receive(self) -> Sequence[Received | Unreadable]:
        """Return what has come; see `DhcpSocket`."""
        data, ancillary, senders, each = self._inbox.receive()
        found = list[Received | Unreadable]()
        told, at = _told(ancillary, each), 0
        for (_, flags, length), (index, waited), (port, source) in zip(
            each, told, _SENDER.iter_unpack(senders), strict=True
        ):
            payload = data[at : at + length]
            at += ROOM
            if flags & socket.MSG_TRUNC:
                found.append(Unreadable(_too_long(), payload, index))
            else:
                found.append(Received(payload, source, port, index, waited))
        return found

    def send(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> None:
        """Send ``data``; see `DhcpSocket`."""
        ancillary = _control(to, source, index)
        self._socket.sendmsg([data], ancillary, 0, (_text(to.address), to.port))

    def prepared(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> Prepared:
        """Return what sends ``data`` over and over; see `DhcpSocket`."""
        return PreparedDatagram(self._outbox, self._ways.way(to, to.port, source, index), data)

    def flush(self) -> Mapping[int, OSError]:
        """Send what was put; see `DhcpSocket`."""
        return self._outbox.flush()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def open_sockets(bind: bool) -> tuple[DhcpSocket, ...]:
    """Open port 67, bound or by two raw sockets, and port 4011; all or none.

    Raises:
        StartError: One may not be opened, or is in use; the text says what to do.
    """
    with contextlib.ExitStack() as opened:

        def kept(each: Opened) -> Opened:
            opened.callback(each.close)
            return each

        found: list[DhcpSocket] = (
            [kept(BoundSocket(67))]
            if bind
            else [kept(RawSocket(strangers=each)) for each in (False, True)]
        )
        found.append(kept(BoundSocket(4011)))
        opened.pop_all()
        return tuple(found)


def _open(kind: int, protocol: int, forbidden: str, buffer: int = _RECEIVE_BUFFER) -> socket.socket:
    try:
        opened = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK, protocol)
    except PermissionError as error:
        raise StartError(forbidden) from error
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    try:
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer)
    except PermissionError:  # that takes CAP_NET_ADMIN: as far as net.core.rmem_max allows
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    return opened


def _not_bound(error: OSError, port: Port) -> StartError:
    if error.errno == errno.EADDRINUSE:
        text = f"UDP port {port} is in use by another program (ss -lunp 'sport = :{port}')"
        if port == 67:
            return StartError(f"{text}: stop it, or set dhcp: {{bind: false}} to answer beside it")
        return StartError(f"{text}: stop it, or turn off the PXE service in it")
    if error.errno in (errno.EACCES, errno.EPERM):
        return StartError(
            f"UDP port {port} may not be opened: start as root, or grant CAP_NET_BIND_SERVICE"
            " (AmbientCapabilities= in the systemd unit, or setcap)"
        )
    return StartError(f"UDP port {port} cannot be opened: {error.strerror}")


def _control(to: Destination, source: IPv4Address, index: int) -> list[tuple[int, int, bytes]]:
    # Off-link relays and routed clients are reached as the routing table says.
    info = _PKTINFO.pack(0 if to.routed else index, source.packed, _ANY)
    return [(socket.IPPROTO_IP, _IP_PKTINFO, info)]


def _text(address: IPv4Address) -> str:
    return "255.255.255.255" if address is LIMITED_BROADCAST else str(address)


def _told(ancillary: bytes, each: tuple[tuple[int, int, int], ...]) -> Iterator[tuple[int, float]]:
    """Yield the interface that each datagram came in on, and for how long it has waited since."""
    now = time.time()
    if _BOTH.size == ANCILLARY:
        for at, (_, level, kind, seconds, parts, _, last, its, index, _, _) in enumerate(
            _BOTH.iter_unpack(ancillary)
        ):
            if (level, kind, last, its) == _IS_BOTH and each[at][0] == _WHOLE:
                yield index, _waited(now, seconds, parts)
            else:
                yield _one_told(ancillary[at * ANCILLARY :][: each[at][0]], now)
    else:  # pragma: no cover  (a computer of 32 bits)
        for at, (length, _, _) in enumerate(each):
            yield _one_told(ancillary[at * ANCILLARY :][:length], now)


def _one_told(ancillary: bytes, now: float) -> tuple[int, float]:
    index, waited, at = 0, 0.0, 0
    while at + _CMSG.size <= len(ancillary):
        length, level, kind = _CMSG.unpack_from(ancillary, at)
        value = ancillary[at + socket.CMSG_LEN(0) : at + length]
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(value) == _PKTINFO.size:
            index = _PKTINFO.unpack(value)[0]
        elif level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            waited = _waited(now, *_TIMESPEC.unpack(value))
        at += max(_CMSG.size, socket.CMSG_SPACE(len(value)))
    return index, waited


def _waited(now: float, seconds: int, nanoseconds: int) -> float:
    passed = now - seconds - nanoseconds / 1e9
    return passed if 0.0 < passed < _CLOCK_SET else 0.0


def _unusual(packet: bytes, flags: int, index: int, waited: float) -> Received | Unreadable:
    """Return what is in a packet that has IP options, say, or that is none."""
    if flags & socket.MSG_TRUNC:
        return Unreadable(_too_long(), packet, index)
    try:
        data, source, source_port = unwrap(packet)
    except WireError as error:
        return Unreadable(error, packet, index)
    return Received(data, source, source_port, index, waited)


def _too_long() -> WireError:
    return WireError(MAX_DATAGRAM, "datagram", f"is longer than {MAX_DATAGRAM} bytes")
