"""What is read of DHCP's sockets: datagrams, with how each came.

A raw socket is given whole IP packets, another one what is in them; the kernel tells of both when
they arrived, and on which interface (recvmmsg(2), cmsg(3)).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from struct import Struct
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
_TIMESPEC: Final = Struct("@ll")
_BOTH: Final = Struct("@Niill Niii4s4s4x")
"""Both that are asked for, in Linux' order: the time, and the interface."""
_WHOLE: Final = socket.CMSG_SPACE(16) + socket.CMSG_SPACE(12)
_IS_BOTH: Final = (socket.SOL_SOCKET, SO_TIMESTAMPNS, socket.IPPROTO_IP, IP_PKTINFO)
_HEADERS: Final = Struct(">B11x4s4xHxxHxx")
"""Of IP without options: its first byte and the source; of UDP: the source's port, the length."""
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
    data, at = came.data, 0
    told = _told(came.ancillary, came.each)
    for (_, flags, length), (index, waited) in zip(came.each, told, strict=True):
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


def of_datagrams(came: Came) -> list[Received | Unreadable]:
    """Return the same of what a UDP socket was given."""
    found = list[Received | Unreadable]()
    told, at = _told(came.ancillary, came.each), 0
    for (_, flags, length), (index, waited), (port, source) in zip(
        came.each, told, _SENDER.iter_unpack(came.senders), strict=True
    ):
        payload = came.data[at : at + length]
        at += ROOM
        if flags & socket.MSG_TRUNC:
            found.append(Unreadable(_too_long(), payload, index))
        else:
            found.append(Received(payload, source, port, index, waited))
    return found


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
    while at + CMSG.size <= len(ancillary):
        length, level, kind = CMSG.unpack_from(ancillary, at)
        value = ancillary[at + socket.CMSG_LEN(0) : at + length]
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(value) == PKTINFO.size:
            index = PKTINFO.unpack(value)[0]
        elif level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            waited = _waited(now, *_TIMESPEC.unpack(value))
        at += max(CMSG.size, socket.CMSG_SPACE(len(value)))
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
