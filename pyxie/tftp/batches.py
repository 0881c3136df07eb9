"""Many datagrams by one system call, recvmmsg(2) or sendmmsg(2), which Python has no call for.

A hall that loads in lock-step sends an ACK for each block. To be woken for each, to read it, and to
send the next block takes three system calls and a turn of the event loop; here one call takes all
that have come, and another sends what they call for.

The kernel is given addresses of memory of ours: all of it is allocated once, but for what is sent,
which is held until it has gone out.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final

from pyxie.tftp.framing import PIECE, Run
from pyxie.tftp.sockets import RequestSocket, bound, pktinfo, refused

Peer = tuple[str, int]
Name = bytes
"""A client's address and port, as the kernel tells it with a datagram: `name_of`."""
Heard = tuple[Sequence[Name], Sequence[bytes]]
"""Clients, and what each of them said."""

MOST: Final = 64
"""Datagrams, or runs of blocks, by one call."""
LONGEST: Final = 512
"""Bytes of a datagram that are read: an ACK has 4, an ERROR some words."""

# As the C compiler lays them out: bits/types/struct_msghdr.h, struct_iovec.h, bits/socket.h, and
# ip(7). What is read ahead of it with "x" is of no interest here.
_MMSGHDR: Final = struct.Struct("@PIPNPNi0PI0P")
_LENGTH_AT: Final = struct.calcsize("@PIPNPNi0P")
_PACK_PIECE: Final = PIECE.pack_into
_PACK_HEADER: Final = struct.Struct("@PIPNPN").pack_into  # the rest stays 0
_CMSGHDR: Final = struct.Struct("@Nii")
_SOCKADDR: Final = struct.Struct("=H2s4s8x")
# Of so many at once:
_NAMES: Final = [struct.Struct("=" + n * f"{_SOCKADDR.size}s") for n in range(MOST + 1)]
_HEADS: Final = [struct.Struct("=" + n * f"4s{LONGEST - 4}x") for n in range(MOST + 1)]
_LENGTHS: Final = [
    struct.Struct("=" + n * f"{_LENGTH_AT}xI{_MMSGHDR.size - _LENGTH_AT - 4}x")
    for n in range(MOST + 1)
]
_UDP_SEGMENT: Final = 103  # linux/udp.h; Python's socket module lacks it
_NOW: Final = int(socket.MSG_DONTWAIT)
_NOTHING: Final[Heard] = (), ()

# With the interpreter's lock held: neither call waits, and who lets go of the lock between a
# client's ACK and its next block gets it back when another thread has had its turn.
_libc: Final = ctypes.PyDLL(None, use_errno=True)
_recvmmsg: Final = _libc.recvmmsg
_sendmmsg: Final = _libc.sendmmsg


def name_of(peer: Peer) -> Name:
    """Return a client's address and port as the kernel writes them."""
    return _SOCKADDR.pack(socket.AF_INET, peer[1].to_bytes(2), socket.inet_aton(peer[0]))


class Route:
    """From where to whom a transfer's datagrams go.

    Args:
        local: Our address, if the socket is not bound to it.
        peer: The client's address and port.
        segment: Bytes of one datagram, where the kernel is handed many at once (udp(7),
            UDP_SEGMENT).

    Attributes:
        name: The client's.
        to: Where in memory its address is.
        whole: Where in memory it is said where from, and the length of that; for one datagram.
        cut: The same, for many.
    """

    __slots__ = ("_memory", "cut", "name", "to", "whole")

    def __init__(self, local: IPv4Address | None, peer: Peer, segment: int) -> None:
        to = name_of(peer)
        source = b"" if local is None else _cmsg(*pktinfo(local))
        cut = _cmsg(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", segment))
        self._memory = bytearray(to + source + cut)
        self.name = to
        self.to = _address(self._memory)
        self.whole = self.to + len(to), len(source)
        self.cut = self.to + len(to), len(source) + len(cut)


class Incoming:
    """Takes what has come in.

    Attributes:
        names: Memory for whom it is from, `MOST` after one another.
    """

    def __init__(self) -> None:
        names = self.names = bytearray(_SOCKADDR.size * MOST)
        data = self._data = bytearray(LONGEST * MOST)
        headers = self._headers = bytearray(_MMSGHDR.size * MOST)
        pieces = self._pieces = bytearray(PIECE.size * MOST)
        for at in range(MOST):
            PIECE.pack_into(pieces, at * PIECE.size, _address(data) + at * LONGEST, LONGEST)
            name = _address(names) + at * _SOCKADDR.size
            piece = _address(pieces) + at * PIECE.size
            header = name, _SOCKADDR.size, piece, 1, 0, 0, 0, 0
            _MMSGHDR.pack_into(headers, at * _MMSGHDR.size, *header)
        self._at = ctypes.c_void_p(_address(headers))

    def take(self, number: int) -> Heard:
        """Return whom datagrams have come from on a socket, and these; `MOST` at most.

        Args:
            number: The socket's.

        Raises:
            OSError: What the network said of a datagram that went out.
        """
        count = _recvmmsg(number, self._at, MOST, _NOW, None)
        if count < 0:
            if ctypes.get_errno() == errno.EAGAIN:
                return _NOTHING
            raise _failure()
        data = self._data
        names = _NAMES[count].unpack_from(self.names)
        heads = _HEADS[count].unpack_from(data)
        lengths = _LENGTHS[count].unpack_from(self._headers)
        if lengths.count(4) == count:
            return names, heads  # nothing but ACKs, most likely
        ends = (slice(at * LONGEST, at * LONGEST + each) for at, each in enumerate(lengths))
        return names, [bytes(data[end]) for end in ends]


@dataclass(frozen=True, slots=True)
class Failed:
    """What did not go out.

    Attributes:
        error: Why.
        of: Whose it was, as it was said to `Outgoing.add`.
        first: Likewise: of which block on.
        count: Of how many blocks.
    """

    error: OSError
    of: Any
    first: int
    count: int


class Outgoing:
    """Gathers what is to go out, and sends it."""

    def __init__(self) -> None:
        self._pieces = bytearray(PIECE.size * MOST)
        self._headers = bytearray(_MMSGHDR.size * MOST)
        self._pieces_at = _address(self._pieces)
        self._headers_at = _address(self._headers)
        self._held: list[tuple[Any, Route, bytes, int, int]] = []
        self._sent = 0

    def __len__(self) -> int:
        """How much is to be sent yet."""
        return len(self._held) - self._sent

    def add(
        self, of: Any, route: Route, run: Run, start: int, length: int, first: int, count: int
    ) -> bool:
        """Add a datagram, or those that the kernel is to cut a run into; False if there is no room.

        Args:
            of: Whose it is.
            route: Where it goes.
            run: Has its bytes.
            start: Where in the run they begin.
            length: How many they are.
            first: The first block's number.
            count: How many blocks it is.
        """
        held = self._held
        at = len(held)
        if at == MOST:
            return False
        piece = at * PIECE.size
        control, size = route.whole if count == 1 else route.cut
        _PACK_PIECE(self._pieces, piece, (run.address or located(run)) + start, length)
        piece += self._pieces_at
        header = at * _MMSGHDR.size
        _PACK_HEADER(self._headers, header, route.to, _SOCKADDR.size, piece, 1, control, size)
        held.append((of, route, run.data, first, count))
        return True

    def send(self, number: int) -> OSError | None:
        """Send what there is, in order; return what keeps the first that is left from going out.

        Args:
            number: The socket's.
        """
        held = len(self._held)
        while self._sent < held:
            at = ctypes.c_void_p(self._headers_at + self._sent * _MMSGHDR.size)
            count = _sendmmsg(number, at, held - self._sent, _NOW)
            if count < 0:
                return _failure()
            self._sent += count
        self._held.clear()
        self._sent = 0
        return None

    def skip(self, error: OSError) -> Failed:
        """Take out the first that is left; return it with the error of `send`."""
        of, _, _, first, count = self._held[self._sent]
        self._sent += 1
        return Failed(error, of, first, count)


class Replies:
    """Sends pieces of memory, one to each of several clients: all that differs is these two.

    Args:
        names: Memory for whom they go to, as that of `Incoming`; who was heard last is there then.
    """

    def __init__(self, names: bytearray) -> None:
        pieces = bytearray(PIECE.size * MOST)
        # To put bytes into a bytearray itself, Python makes another of them first.
        self._names, self._pieces = memoryview(names), memoryview(pieces)
        headers = self._headers = bytearray(_MMSGHDR.size * MOST)
        for at in range(MOST):
            name = _address(names) + at * _SOCKADDR.size
            piece = _address(pieces) + at * PIECE.size
            header = name, _SOCKADDR.size, piece, 1, 0, 0, 0, 0
            _MMSGHDR.pack_into(headers, at * _MMSGHDR.size, *header)
        self._at = ctypes.c_void_p(_address(headers))

    def send(self, number: int, to: Sequence[Name] | None, pieces: Sequence[bytes]) -> int:
        """Send as many as go out; return how many did, or -1 and `ctypes.get_errno` says why.

        Args:
            number: The socket's.
            to: Whom, `MOST` at most; None if their names are in that memory.
            pieces: What each, as `PIECE`, of memory that stays as it is until this returns.
        """
        count = len(pieces)
        if to is not None:
            self._names[: count * _SOCKADDR.size] = b"".join(to)
        self._pieces[: count * PIECE.size] = b"".join(pieces)
        sent: int = _sendmmsg(number, self._at, count, _NOW)
        return sent


class UdpLine:
    """A non-blocking socket by which transfers go; a `pyxie.tftp.transferports.Line`.

    Args:
        sock: As from `pyxie.tftp.sockets.bound`, or from `listen` for a single port.
    """

    __slots__ = ("_heard", "_incoming", "_number", "_outgoing", "_replies", "_sock", "add", "skip")

    def __init__(self, sock: RequestSocket) -> None:
        self._sock = sock
        self._number = sock.fileno()
        self._incoming = Incoming()
        self._outgoing = Outgoing()
        self._replies = Replies(self._incoming.names)
        self._heard: Sequence[Name] | None = None  # whose names are in that memory
        self.add, self.skip = self._outgoing.add, self._outgoing.skip

    def fileno(self) -> int:
        """Return its number."""
        return self._number

    def take(self) -> Heard:
        """As `Incoming.take`, whose errors are raised here too."""
        heard = self._incoming.take(self._number)
        self._heard = heard[0]
        return heard

    def reply(self, to: Sequence[Name], pieces: Sequence[bytes]) -> tuple[int, OSError | None]:
        """As `Replies.send`: how many went out; if none, why the first did not."""
        there = to is self._heard
        if not there:
            self._heard = None
        sent = self._replies.send(self._number, None if there else to, pieces)
        return (sent, None) if sent >= 0 else (0, _failure())

    def send(self) -> OSError | None:
        """As `Outgoing.send`."""
        return self._outgoing.send(self._number)

    def refused(self) -> list[Peer]:
        """Return those to whom something was sent and whose port was closed."""
        return refused(self._sock)

    def close(self) -> None:
        """Give it back."""
        self._sock.close()


def line_of(local: IPv4Address) -> UdpLine:
    """Return a new one, bound to an address of ours.

    Raises:
        OSError: As of `pyxie.tftp.sockets.bound`.
    """
    return UdpLine(bound(local))


def located(run: Run) -> int:
    """Return where a run's bytes are in memory, and note it there."""
    return run.at(ctypes.cast(ctypes.c_char_p(run.data), ctypes.c_void_p).value or 0)


def _cmsg(level: int, kind: int, data: bytes) -> bytes:
    padding = bytes(-len(data) % struct.calcsize("@N"))
    return _CMSGHDR.pack(_CMSGHDR.size + len(data), level, kind) + data + padding


def _address(memory: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _failure() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
