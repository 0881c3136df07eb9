"""The server's UDP sockets: the one that receives requests, and those of transfers."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final, Protocol

from pyxie.errors import StartError

# linux/in.h; Python 3.11's socket module lacks them.
_IP_PKTINFO = 8
_IP_MTU_DISCOVER = 10
_IP_PMTUDISC_DONT = 0
_IP_MTU = 14

_IP_RECVERR = 11

_PKTINFO = struct.Struct("=I4s4s")  # in_pktinfo of ip(7)
_EXTENDED_ERR = struct.Struct("=IBBBxII")  # sock_extended_err of ip(7)

_HEADERS = 20 + 8 + 4  # IP's, UDP's and TFTP's


OF_ANOTHER: Final = frozenset(
    (
        *(errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN),
        *(errno.ECONNRESET, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EPROTO, errno.ENONET),
        errno.EMSGSIZE,
    )
)
"""What the network may say of any datagram that went out before, by an ICMP message, which can be
forged; it is told at the socket's next call, whoever that is for (udp(7), IP_RECVERR)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a datagram reached us.

    Attributes:
        interface: The index of the interface that it came in by.
        local: The address of ours to answer from.
        broadcast: It was sent to many, not to that address.
    """

    interface: int
    local: IPv4Address
    broadcast: bool


class RequestSocket(Protocol):
    """What is needed of the non-blocking UDP socket that hears requests."""

    def fileno(self) -> int:
        """As of `socket.socket`, like the others."""
        ...

    def getsockname(self) -> tuple[str, int]:
        """Return our address and port."""
        ...

    def recvmsg(
        self, size: int, ancillary_size: int, flags: int = 0, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, tuple[str, int]]:
        """Take one datagram, and what the kernel noted about it."""
        ...

    def sendmsg(
        self,
        buffers: Iterable[bytes | memoryview],
        ancillary: Iterable[tuple[int, int, bytes]],
        flags: int,
        address: tuple[str, int],
        /,
    ) -> int:
        """Send one datagram."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


def listen(host: str, port: int, single: bool = False) -> socket.socket:
    """Return a socket that receives requests, and learns which address was asked.

    Args:
        host: The IPv4 address.
        port: UDP.
        single: All transfers go by it too.

    Raises:
        StartError: The port cannot be had; says why and what to do.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        # Room for the requests of a hall of machines that are switched on together.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        # As far as allowed: answers to forged addresses wait in it for three seconds.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        if single:
            _for_transfers(sock)
        sock.bind((host, port))
    except OSError as exc:
        sock.close()
        raise StartError(_remedy(exc, host, port)) from exc
    return sock


def _remedy(exc: OSError, host: str, port: int) -> str:
    place = f"UDP port {port} of {host}"
    match exc.errno:
        case errno.EADDRINUSE:
            return (
                f"TFTP cannot listen on {place}, because another program does:"
                f" find it with `ss -lunp sport = :{port}` and stop it, or change the port"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"TFTP may not listen on {place}: start pyxie as root or with the"
                f" capability CAP_NET_BIND_SERVICE, or choose a port above 1023"
            )
        case errno.EADDRNOTAVAIL:
            return (
                f"TFTP cannot listen on {place}: this host has no such address;"
                f" choose one that `ip -4 address` shows, or 0.0.0.0 for all"
            )
        case _:
            return f"TFTP cannot listen on {place}: {exc.strerror}; change one of them"


def arrival(ancillary: list[tuple[int, int, bytes]]) -> Arrival | None:
    """Return what the kernel noted about a datagram on the socket that `listen` made."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            interface, local, destination = _PKTINFO.unpack(data)
            return Arrival(interface, IPv4Address(local), local != destination)
    return None


def reply(sock: RequestSocket, datagram: bytes, local: IPv4Address, peer: tuple[str, int]) -> None:
    """Send from the address that was asked, where several lead to the client.

    What the network does not take is lost, as it might be on the way.
    """
    for _again in range(2):
        try:
            sock.sendmsg([datagram], [pktinfo(local)], 0, peer)
        except OSError as exc:
            if exc.errno not in OF_ANOTHER:
                return
        else:
            return


def pktinfo(local: IPv4Address) -> tuple[int, int, bytes]:
    """Return what has the kernel send from that address of ours (ip(7), IP_PKTINFO)."""
    return socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, local.packed, bytes(4))


def refused(sock: RequestSocket) -> list[tuple[str, int]]:
    """Return whom a datagram was sent to whose port was closed (ip(7), IP_RECVERR)."""
    found = []
    with contextlib.suppress(BlockingIOError):
        for _ in range(64):
            _, ancillary, _, peer = sock.recvmsg(1, 128, socket.MSG_ERRQUEUE)
            for level, kind, data in ancillary:
                if (level, kind) == (socket.IPPROTO_IP, _IP_RECVERR):
                    number = _EXTENDED_ERR.unpack_from(data)[0]
                    if number == errno.ECONNREFUSED:
                        found.append(peer)
    return found


def fitting(local: str, peer: tuple[str, int]) -> int:
    """Return the block size that fits the MTU of the way from an address to a peer.

    Raises:
        OSError: ``local`` is no address of ours, the peer's is none to send to, or there
            are too many sockets.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((local, 0))
        sock.connect(peer)
        mtu = sock.getsockopt(socket.IPPROTO_IP, _IP_MTU)
    return max(8, mtu - _HEADERS)


def bound(local: IPv4Address) -> socket.socket:
    """Return a socket for transfers, bound to an address of ours and a port of the kernel's choice.

    Raises:
        OSError: ``local`` is no address of ours, or there are too many sockets.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        _for_transfers(sock)
        sock.bind((str(local), 0))
    except OSError:
        sock.close()
        raise
    return sock


def _for_transfers(sock: socket.socket) -> None:
    # As far as allowed. The ACKs of all its clients wait in it, while we do something else.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    # Let routers split a datagram rather than drop it: a ROM does not act on the ICMP
    # message that would say so, nor do many networks let it through.
    sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
    sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
