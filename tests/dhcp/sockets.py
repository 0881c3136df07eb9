"""Sockets that remember, for the DHCP server."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from pyxie.dhcp.alike import Form, Own
from pyxie.dhcp.decide import Destination, Port
from pyxie.dhcp.many import ANCILLARY, ROOM, SENDER, Came
from pyxie.dhcp.message import DhcpMessage, build, parse
from pyxie.dhcp.packets import Packets
from pyxie.dhcp.prepared import Mine
from pyxie.dhcp.received import (
    CMSG,
    IP_PKTINFO,
    PKTINFO,
    SO_TIMESTAMPNS,
    TIMESPEC,
    Received,
    Unreadable,
)
from pyxie.dhcp.udp import ip_header, wrap

ANY = IPv4Address(0)
_ALL = b"\xff" * 4


@dataclass(frozen=True)
class Sent:
    message: DhcpMessage
    to: Destination
    source: IPv4Address
    interface: int


@dataclass(frozen=True)
class FakePrepared:
    by: FakeLaid
    data: bytes

    def put(self, xid: int) -> None:
        data, by = self.data[:4] + xid.to_bytes(4) + self.data[8:], self.by.by
        by.on.waiting.append(Sent(parse(data), by.to, by.source, by.interface))


@dataclass(frozen=True)
class FakeLaid:
    by: FakeSender
    form: Form

    def put(self, xid: int, to: Mine, uuid: bytes) -> None:
        self.prepared(to, uuid).put(xid)

    def prepared(self, to: Mine, uuid: bytes) -> FakePrepared:
        return FakePrepared(self, self.form.filled(Own(to.mac, uuid)))


@dataclass(frozen=True)
class FakeSender:
    on: FakeSocket
    to: Destination
    source: IPv4Address
    interface: int

    def laid(self, form: Form) -> FakeLaid:
        return FakeLaid(self, form)


def came(together: Sequence[Received | Unreadable]) -> Came:
    """Return the packets that datagrams came in, all whole."""
    data, ancillary, each = b"", b"", list[tuple[int, int, int]]()
    for one in together:
        assert isinstance(one, Received)
        segment = wrap(one.data, one.source, one.source_port, _ALL, 67)
        packet = ip_header(len(segment), one.source, _ALL) + segment
        at = time.time() - one.waited
        of_it = message(
            socket.SOL_SOCKET, SO_TIMESTAMPNS, TIMESPEC.pack(int(at), int(at % 1 * 1e9))
        )
        of_it += message(
            socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(one.interface, bytes(4), bytes(4))
        )
        data += packet.ljust(ROOM, b"\xff")
        ancillary += of_it.ljust(ANCILLARY, b"\xff")
        each.append((len(of_it), 0, len(packet)))
    return Came(data, ancillary, bytes(SENDER) * len(each), tuple(each))


def message(level: int, kind: int, value: bytes) -> bytes:
    """Return a message of the kernel's, as of cmsg(3)."""
    head = CMSG.pack(socket.CMSG_LEN(len(value)), level, kind)
    return (head + value).ljust(socket.CMSG_SPACE(len(value)), b"\0")


class FakeSocket:
    """A socket in memory, with a counter for the event loop to wait on (eventfd(2))."""

    strangers = False

    def __init__(self, port: Port) -> None:
        self.port: Port = port
        self.sent: list[Sent] = []
        self.waiting: list[Sent] = []
        self.fails: OSError | None = None
        self.together = 1
        self.raw = False
        """It gives packets, as a raw one does."""
        self._waiting: deque[Received | Unreadable | OSError] = deque()
        self._count = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE | os.EFD_CLOEXEC)

    def deliver(
        self,
        data: bytes | DhcpMessage,
        *,
        source: IPv4Address = ANY,
        interface: int = 2,
        waited: float = 0.0,
    ) -> None:
        payload = build(data) if isinstance(data, DhcpMessage) else data
        self.put(Received(payload, source.packed, 68, interface, waited))

    def put(self, received: Received | Unreadable | OSError) -> None:
        self._waiting.append(received)
        os.eventfd_write(self._count, 1)

    @property
    def left(self) -> int:
        """How many were not read yet."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        return not self._waiting

    def fileno(self) -> int:
        return self._count

    def receive(self) -> Sequence[Received | Unreadable]:
        found = list[Received | Unreadable]()
        while not found or (self._waiting and len(found) < self.together):
            os.eventfd_read(self._count)  # BlockingIOError, where there is none
            received = self._waiting.popleft()
            if isinstance(received, OSError):
                raise received
            found.append(received)
        return Packets(came(found)) if self.raw else found

    def send(self, data: bytes, to: Destination, source: IPv4Address, index: int) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(Sent(parse(data), to, source, index))

    def sender(self, to: Destination, source: IPv4Address, index: int) -> FakeSender:
        return FakeSender(self, to, source, index)

    def flush(self) -> dict[int, OSError]:
        put, self.waiting = self.waiting, []
        if self.fails is not None:
            return dict.fromkeys(range(len(put)), self.fails)
        self.sent += put
        return {}

    def close(self) -> None:
        os.close(self._count)


class SortedSocket(FakeSocket):
    """One of the two that share port 67, whatever the kernel would pass to it."""

    def __init__(self, port: Port, *, strangers: bool) -> None:
        super().__init__(port)
        self.strangers = strangers
        self.programs: list[bytes] = []

    def sift(self, program: bytes) -> None:
        self.programs.append(program)
