"""What is sent to all of a link goes past the IP layer, as DHCP servers have always sent it.

What IP sends to all it also hands to this host, where each raw socket looks at it: that takes
longer than the sending itself. A packet socket (packet(7)) puts it on the link, and that is it.
"""

from __future__ import annotations

import fcntl
import socket
from struct import Struct
from typing import Final, Self

from pyxie.dhcp.many import Way

_ETH_P_IP: Final = 0x0800  # linux/if_ether.h
_ARPHRD_ETHER: Final = 1  # linux/if_arp.h
_SIOCGIFNAME: Final = 0x8910  # linux/sockios.h, like the next
_SIOCGIFHWADDR: Final = 0x8927
_SOCKADDR_LL: Final = Struct("=H2siHBB8s")  # sll_family to sll_addr, linux/if_packet.h
_IFREQ: Final = Struct("=16si20x")
_HARDWARE: Final = Struct("=16xH22x")
"""Linux' ``struct ifreq``: a name and a number, or an address, which begins with its kind."""
_SEND_BUFFER: Final = 1 << 20


class Link:
    """Sends to all of a link.

    Args:
        by: A packet socket, which receives nothing.
    """

    def __init__(self, by: socket.socket) -> None:
        self._socket = by

    @classmethod
    def opened(cls) -> Self | None:
        """Return one; None if it may not be opened, as without AF_PACKET in a systemd unit."""
        try:
            kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
            made = socket.socket(socket.AF_PACKET, kind, 0)
        except OSError:
            return None
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        return cls(made)

    def to_all(self, index: int) -> Way | None:
        """Return the way to all on an interface's link; None if that is no Ethernet's."""
        try:
            named = fcntl.ioctl(self._socket, _SIOCGIFNAME, _IFREQ.pack(b"", index))
            kind = _HARDWARE.unpack(fcntl.ioctl(self._socket, _SIOCGIFHWADDR, named))[0]
        except OSError:
            return None
        if kind != _ARPHRD_ETHER:
            return None
        protocol, everybody = _ETH_P_IP.to_bytes(2), b"\xff" * 6
        to = _SOCKADDR_LL.pack(socket.AF_PACKET, protocol, index, 0, 0, 6, everybody)
        return Way(to, by=self._socket.fileno())

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
