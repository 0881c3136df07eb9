"""What is read of DHCP's sockets: datagrams, with how each came.

A raw socket is given whole IP packets, another one what is in them; the kernel tells of both when
they arrived, and on which interface (recvmmsg(2), cmsg(3)).
"""

from __future__ import annotations

import socket
import time
from struct import Struct, calcsize
from typing import Final, NamedTuple

from pyxie.dhcp.many import ANCILLARY, ROOM, Came
from pyxie.dhcp.udp import unwrap
from pyxie.errors import WireError

MAX_DATAGRAM: Final = ROOM
"""Bytes; no DHCP client sends more than an Ethernet frame."""

IP_PKTINFO: Final = 8  # linux/in.h; the socket module names it from Python 3.14 on
SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h
PKTINFO: Final = Struct("=i4s4s")  # ipi_ifindex, ipi_spec_dst, ipi_addr
CMSG: Final = Struct("@Nii")  # cmsg_len, cmsg_level, cmsg_type
TIMESPEC: Final = Struct("@ll")
_LENGTH: Final = calcsize("@N")
_IN_ORDER: Final = f"@{_LENGTH}xiill{_LENGTH}xiii"
_BOTH: Final = Struct(f"{_IN_ORDER}{ANCILLARY - calcsize(_IN_ORDER)}x")
"""Both that are asked for, in Linux' order, to the end of their room: the time, the interface."""
WHOLE: Final = socket.CMSG_SPACE(16) + socket.CMSG_SPACE(12)
_IS_BOTH: Final = (int(socket.SOL_SOCKET), SO_TIMESTAMPNS, int(socket.IPPROTO_IP), IP_PKTINFO)
_TRUNCATED: Final = int(socket.MSG_TRUNC)
_TIME_AND_PLACE: Final = (*_IS_BOTH, WHOLE)
_HEADED: Final = 28
_HEADERS: Final = Struct(f">B11x4s4xHxxHxx{ROOM - _HEADED}x")
"""Of IP without options: its first byte and the source; of UDP: the source's port, the length. To
the end of its room."""
_PLAIN: Final = 0x45
_SENDER: Final = Struct(">xxH4s8x")  # struct sockaddr_in
_CLOCK_SET: Final = 60.0
"""Seconds; who seems to have waited for longer has not: the computer's clock was set."""


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


_NEW: Final = tuple.__new__
"""What its class calls, without a function of Python's between."""


class Unreadable(NamedTuple):
    """A packet that holds no whole UDP datagram, and why not."""

    error: WireError
    data: bytes
    interface: int


def of_packets(came: Came) -> list[Received | Unreadable]:
    """Return the datagrams that are in IP packets.

    Args:
        came: What a raw socket was given.
    """
    found = list[Received | Unreadable]()
    data, now = came.data, time.time()
    headers, ancillary = _HEADERS.iter_unpack(data), _BOTH.iter_unpack(came.ancillary)
    for at, ((room, flags, length), (first, source, port, size), told) in enumerate(
        zip(came.each, headers, ancillary, strict=True)
    ):
        level, kind, seconds, parts, last, its, index = told
        if (level, kind, last, its, room) == _TIME_AND_PLACE:
            waited = now - seconds - parts / 1e9
            if not 0.0 < waited < _CLOCK_SET:
                waited = 0.0
        else:
            index, waited = _told(came.ancillary, at, room, now)
        start = at * ROOM
        if first == _PLAIN and 8 <= size <= length - 20 and not flags & _TRUNCATED:
            payload = data[start + _HEADED : start + 20 + size]
            found.append(_NEW(Received, (payload, source, port, index, waited)))
        else:
            found.append(_unusual(data[start : start + length], flags, index, waited))
    return found


def of_datagrams(came: Came) -> list[Received | Unreadable]:
    """Return the same of what a UDP socket was given."""
    found = list[Received | Unreadable]()
    now, senders = time.time(), _SENDER.iter_unpack(came.senders)
    for at, ((room, flags, length), (port, source)) in enumerate(
        zip(came.each, senders, strict=True)
    ):
        payload = came.data[at * ROOM : at * ROOM + length]
        index, waited = _told(came.ancillary, at, room, now)
        if flags & _TRUNCATED:
            found.append(Unreadable(_too_long(), payload, index))
        else:
            found.append(Received(payload, source, port, index, waited))
    return found


def _told(ancillary: bytes, at: int, room: int, now: float) -> tuple[int, float]:
    """Return the interface that a datagram came in on, and for how long it has waited since."""
    index, waited = 0, 0.0
    at *= ANCILLARY
    end = at + room
    while at + CMSG.size <= end:
        length, level, kind = CMSG.unpack_from(ancillary, at)
        value = ancillary[at + socket.CMSG_LEN(0) : at + length]
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(value) == PKTINFO.size:
            index = PKTINFO.unpack(value)[0]
        elif level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            waited = _waited(now, *TIMESPEC.unpack(value))
        at += max(CMSG.size, socket.CMSG_SPACE(len(value)))
    return index, waited


def _waited(now: float, seconds: int, nanoseconds: int) -> float:
    passed = now - seconds - nanoseconds / 1e9
    return passed if 0.0 < passed < _CLOCK_SET else 0.0


def _unusual(packet: bytes, flags: int, index: int, waited: float) -> Received | Unreadable:
    """Return what is in a packet that has IP options, say, or that is none."""
    if flags & _TRUNCATED:
        return Unreadable(_too_long(), packet, index)
    try:
        data, source, source_port = unwrap(packet)
    except WireError as error:
        return Unreadable(error, packet, index)
    return Received(data, source, source_port, index, waited)


def _too_long() -> WireError:
    return WireError(MAX_DATAGRAM, "datagram", f"is longer than {MAX_DATAGRAM} bytes")
