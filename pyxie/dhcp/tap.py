"""A packet socket on which other servers' replies are overheard, those of this host too.

Replies are sent to port 68, of which the raw sockets of `pyxie.dhcp.sockets` hear nothing; and a
DHCP server on this host sends most of them past the IP layer (packet(7)).
"""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, NamedTuple, Protocol

from pyxie.dhcp.message import address
from pyxie.dhcp.overheard import program
from pyxie.dhcp.received import MAX_DATAGRAM
from pyxie.dhcp.sockets import attach
from pyxie.dhcp.udp import unwrap
from pyxie.errors import WireError

_ETH_P_IP: Final = 0x0800  # linux/if_ether.h
_ETH_P_ALL: Final = 0x0003
_SOCKADDR_LL: Final = Struct("=HHiHBB8s")  # sll_family to sll_addr, linux/if_packet.h
_BUFFER: Final = 1 << 18
"""Bytes: the replies to a few hundred machines that are powered on at once."""
_IP_HEADERS: Final = 60 + 8


class Tapped(NamedTuple):
    """A reply, and how it went by.

    Attributes:
        data: The UDP payload.
        source: The sender's address.
        interface: The number of the interface that it was seen on.
        here: This host sends it.
    """

    data: bytes
    source: IPv4Address
    interface: int
    here: bool


class ReplyTap(Protocol):
    """What replies are read from."""

    def hear(self, *, outgoing: bool) -> None:
        """Hear what comes in, and what this host sends if it is to; raises OSError."""
        ...

    def fileno(self) -> int:
        """Return the file descriptor, for the event loop."""
        ...

    def receive(self) -> Tapped | None:
        """Return the next reply; None for what is none after all.

        Raises:
            BlockingIOError: There is none.
            OSError: The socket is broken, or its interface went away.
        """
        ...

    def close(self) -> None:
        """Close the socket."""
        ...


class Tap:
    """Hears what comes in, and what goes out if it is told to.

    It is opened with the other sockets: to hear something else later takes no capability.

    Raises:
        OSError: It may not be opened: that takes CAP_NET_RAW.
    """

    def __init__(self) -> None:
        # Of no protocol it hears nothing, and so nothing before the filter is in place.
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_PACKET, kind, 0)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            attach(self._socket, program())
            self.hear(outgoing=False)
        except OSError:
            self._socket.close()
            raise

    def hear(self, *, outgoing: bool) -> None:
        """Hear replies from now on.

        Args:
            outgoing: Those that this host sends, too. Each packet of the host then
                passes the filter, TFTP's too: so only where there is a DHCP server on it.

        Raises:
            OSError: It cannot be told so.
        """
        import ctypes  # Python's own bind() has no word for "all interfaces"

        wanted = socket.htons(_ETH_P_ALL if outgoing else _ETH_P_IP)
        where = _SOCKADDR_LL.pack(socket.AF_PACKET, wanted, 0, 0, 0, 0, b"")
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.bind(self._socket.fileno(), where, len(where)) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def fileno(self) -> int:
        """Return the file descriptor, for the event loop."""
        return self._socket.fileno()

    def receive(self) -> Tapped | None:
        """Return the next reply; see `ReplyTap`."""
        packet, (name, _, kind, *_) = self._socket.recvfrom(MAX_DATAGRAM + _IP_HEADERS)
        try:
            data, source, _ = unwrap(packet)
            index = socket.if_nametoindex(name)
        except (WireError, OSError):
            return None
        return Tapped(data, address(source), index, kind == socket.PACKET_OUTGOING)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
