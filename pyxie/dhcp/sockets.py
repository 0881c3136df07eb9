"""The sockets that DHCP is received on: a raw one beside other servers, or bound ones.

All tell the interface that a datagram came in on, and send from a chosen address out of
a chosen interface (IP_PKTINFO, ip(7)). They open without blocking.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, Protocol, TypeVar

from pyxie.dhcp.bpf import INSTRUCTION
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination, Port
from pyxie.dhcp.link import Link
from pyxie.dhcp.many import Inbox, Outbox
from pyxie.dhcp.packets import Packets
from pyxie.dhcp.prepared import DatagramSender, PacketSender, Sender, Ways, control
from pyxie.dhcp.received import (
    IP_PKTINFO,
    SO_TIMESTAMPNS,
    Received,
    Unreadable,
    of_datagrams,
)
from pyxie.dhcp.sieve import Sieve
from pyxie.dhcp.udp import wrap
from pyxie.errors import StartError

_SO_ATTACH_FILTER: Final = 26  # asm-generic/socket.h, like the next
_SO_RCVBUFFORCE: Final = 33
_RECEIVE_BUFFER: Final = 4 << 20
"""Bytes: a hall that is powered on at once, or the sixth of a second of a flood. What has waited
too long is told by its timestamp, and the newest comes first (`pyxie.dhcp.backlog`)."""
_STRANGERS_BUFFER: Final = 1 << 19
"""Bytes: what waits behind a flood that fills it is read within a fifth of a second."""
_SEND_BUFFER: Final = 1 << 20
"""Bytes, as far as allowed; what waits in it for a neighbour to be found takes three seconds."""


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

    def sender(self, to: Destination, source: IPv4Address, index: int) -> Sender:
        """Return what prepares answers, to be sent over and over as `send` does.

        `flush` sends them; there is room for `pyxie.dhcp.many.MANY`.

        Args:
            to: Where they go.
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
        self._inbox, self._outbox, self._ways = Inbox(self._socket), Outbox(self._socket), Ways()
        self._link = Link.opened()
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
        return Packets(self._inbox.receive())

    def send(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> None:
        """Send ``data``; see `DhcpSocket`."""
        datagram = wrap(data, source.packed, self.port, to.address.packed, to.port)
        ancillary = control(to, source, index)
        # The port is in our header; raw(7) wants none in the address.
        self._socket.sendmsg([datagram], ancillary, 0, (_text(to.address), 0))

    def sender(self, to: Destination, source: IPv4Address, index: int) -> Sender:
        """Return what prepares answers; see `DhcpSocket`."""
        if self._link is not None and to.address == LIMITED_BROADCAST:
            to_all = self._link.to_all(index)
            if to_all is not None:
                return PacketSender(self._outbox, to_all, source.packed, self.port, to, whole=True)
        way = self._ways.way(to, 0, source, index)
        return PacketSender(self._outbox, way, source.packed, self.port, to)

    def flush(self) -> Mapping[int, OSError]:
        """Send what was put; see `DhcpSocket`."""
        return self._outbox.flush()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        if self._link is not None:
            self._link.close()


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
        self._inbox, self._outbox, self._ways = Inbox(self._socket), Outbox(self._socket), Ways()

    def fileno(self) -> int:
        """Return the file descriptor, for the event loop."""
        return self._socket.fileno()

    def receive(self) -> Sequence[Received | Unreadable]:
        """Return what has come; see `DhcpSocket`."""
        return of_datagrams(self._inbox.receive())

    def send(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> None:
        """Send ``data``; see `DhcpSocket`."""
        ancillary = control(to, source, index)
        self._socket.sendmsg([data], ancillary, 0, (_text(to.address), to.port))

    def sender(self, to: Destination, source: IPv4Address, index: int) -> Sender:
        """Return what prepares answers; see `DhcpSocket`."""
        return DatagramSender(self._outbox, self._ways.way(to, to.port, source, index))

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
    opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
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


def _text(address: IPv4Address) -> str:
    return "255.255.255.255" if address is LIMITED_BROADCAST else str(address)
