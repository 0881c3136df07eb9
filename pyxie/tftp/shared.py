"""One port for all transfers: TFTP as a NAT or a firewall wants it that knows nothing of TFTP.

RFC 1350 section 4 has a server answer from a port of its own for each transfer, its TID. A
rule that leads port 69 here then turns the client's ACKs away, since they go to that other
port. Here answers come from port 69 itself, and a transfer is known by the client's address
and port alone, which RFC 1350 lets be anything.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import select
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from typing import Final

from pyxie.tftp.session import Socket
from pyxie.tftp.sockets import RequestSocket, pktinfo, refused

Peer = tuple[str, int]

_REQUESTS: Final = (b"\0\1", b"\0\2")
_OF_ANOTHER: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ECONNRESET}
)
"""What the network has said of some datagram that went out before (udp(7), IP_RECVERR)."""


def is_request(datagram: bytes) -> bool:
    """Tell whether a datagram asks for something new, rather than belong to a transfer."""
    return datagram[:2] in _REQUESTS


class SharedPort:
    """The socket that requests come in on, as the sender's end of every transfer.

    In place of `pyxie.tftp.sockets.connect`, and of the epoll set in which each session
    registers its socket: what comes in is handed to its session by whoever reads the port.
    """

    def __init__(
        self,
        sock: RequestSocket,
        fitting: Callable[[str, Peer], int],
        left: Callable[[Peer], None],
        waits: Callable[[], None],
    ) -> None:
        """Take the socket; its owner closes it.

        Args:
            sock: As from `pyxie.tftp.sockets.listen`, for a single port.
            fitting: Returns the block size that fits the way from an address to a peer.
            left: Told of a peer that has closed its port.
            waits: Told that some end waits for room in the send buffer: `waiting`.
        """
        self._sock = sock
        self._fitting = fitting
        self._left = left
        self._told = waits
        self._numbers = itertools.count(-1, -1)  # no file has these
        self._blocked: dict[int, None] = {}

    def connect(self, local: str, peer: Peer) -> tuple[Socket, int]:
        """Return an end for one transfer, and the block size that fits its way's MTU.

        Raises:
            OSError: The peer's address is none to send to.
        """
        fitting = self._fitting(local, peer)
        return End(self, next(self._numbers), IPv4Address(local), peer), fitting

    def register(self, number: int, events: int) -> None:
        """As of `select.epoll`: the port's reader hears for all."""

    def modify(self, number: int, events: int) -> None:
        """As of `select.epoll`: EPOLLOUT if the transfer waits for room to send."""
        if events & select.EPOLLOUT:
            self._blocked[number] = None
            self._told()
        else:
            self.forget(number)

    def forget(self, number: int) -> None:
        """Have a transfer wait for nothing."""
        self._blocked.pop(number, None)

    def waiting(self) -> tuple[int, ...]:
        """Return those that wait for room, longest first, until they say otherwise."""
        return tuple(self._blocked)

    def waits(self, number: int) -> bool:
        """Tell whether a transfer waits for room."""
        return number in self._blocked

    def send(
        self,
        buffers: Iterable[bytes | memoryview],
        ancillary: Iterable[tuple[int, int, bytes]],
        peer: Peer,
    ) -> int:
        """Send one datagram, or those that it is cut into.

        Raises:
            OSError: The network does not take it, or not now.
        """
        try:
            return self._sock.sendmsg(buffers, ancillary, 0, peer)
        except OSError as exc:
            if exc.errno not in _OF_ANOTHER:
                raise
        # Said of another's datagram, most likely; this one has not gone out.
        self.hear_errors()
        return self._sock.sendmsg(buffers, ancillary, 0, peer)

    def reply(self, datagram: bytes, local: IPv4Address, peer: Peer) -> None:
        """Send what belongs to no transfer; what the network does not take is lost."""
        with contextlib.suppress(OSError):
            self.send([datagram], [pktinfo(local)], peer)

    def hear_errors(self) -> None:
        """Take what the network has said of datagrams that went out."""
        for peer in refused(self._sock):
            self._left(peer)

    def survives(self, error: OSError) -> bool:
        """Tell whether an error from reading concerns one peer only, who is told of."""
        if error.errno not in _OF_ANOTHER:
            return False
        self.hear_errors()
        return True


class End:
    """The port, as far as one transfer is concerned; a `pyxie.tftp.session.Socket`."""

    __slots__ = ("_control", "_number", "_peer", "_port")

    def __init__(self, port: SharedPort, number: int, local: IPv4Address, peer: Peer) -> None:
        self._port = port
        self._number = number
        self._peer = peer
        self._control = pktinfo(local)

    def fileno(self) -> int:
        """Return a number that no other transfer has; it is no file's."""
        return self._number

    def recv(self, size: int, /) -> bytes:  # noqa: ARG002
        """Find nothing: what comes in is handed to the session."""
        raise BlockingIOError

    def send(self, data: bytes | memoryview, /) -> int:
        """Send one datagram."""
        return self._port.send([data], [self._control], self._peer)

    def sendmsg(
        self,
        buffers: Iterable[bytes | memoryview],
        ancillary: Iterable[tuple[int, int, bytes]],
        /,
    ) -> int:
        """Send pieces together."""
        return self._port.send(buffers, [*ancillary, self._control], self._peer)

    def close(self) -> None:
        """Wait for nothing more."""
        self._port.forget(self._number)
