"""What a DHCP server itself adds to an answer: from a frame that came in to one that goes out.

A packet socket on the server's interface has the kernel note when each passed (packet(7),
SO_TIMESTAMPNS), and keeps them until all is over: nobody has to run meanwhile. What clients wait
besides is theirs, where they share the server's processors.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.netns import Host

ROOM = 256 << 20
"""Bytes of frames that are kept."""
_ETH_P_ALL = 3
_ATTACH_FILTER, _RCVBUFFORCE, _TIMESTAMPNS = 26, 33, 35
_TIMESPEC = struct.Struct("@qq")
_DHCP = (  # linux/filter.h: IPv4, UDP, to port 67 or 68
    (0x28, 0, 0, 12),
    (0x15, 0, 8, 0x0800),
    (0x30, 0, 0, 23),
    (0x15, 0, 6, socket.IPPROTO_UDP),
    (0xB1, 0, 0, 14),
    (0x48, 0, 0, 16),
    (0x15, 1, 0, 67),
    (0x15, 0, 2, 68),
    (0x06, 0, 0, 342),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0),
)
_XID = 14 + 20 + 8 + 4


class Passed:
    """What passed.

    Attributes:
        asked: When the first request of each transaction came in, seconds.
        took: Seconds until its first answer went out, of those that were answered.
    """

    def __init__(self) -> None:
        self.asked: dict[bytes, float] = {}
        self.took: list[float] = []

    def note(self, frame: bytes, at: float) -> None:
        """Take one that has passed."""
        port, xid = int.from_bytes(frame[36:38]), frame[_XID : _XID + 4]
        if port == 67:
            self.asked.setdefault(xid, at)
        elif xid in self.asked:
            self.took.append(at - self.asked.pop(xid))


@contextmanager
def tapped(host: Host, interface: str = "eth0") -> Iterator[Passed]:
    """Have the DHCP noted that passes a host's interface; it is there when the block has ended."""
    found = Passed()
    tap = host.inside(
        lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # deaf until it is bound
    )
    with tap:
        tap.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, ROOM)
        tap.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        program = b"".join(struct.pack("=HBBI", *each) for each in _DHCP)
        held = ctypes.create_string_buffer(program, len(program))
        fprog = struct.pack("@HP", len(_DHCP), ctypes.addressof(held))
        tap.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, fprog)
        tap.bind((interface, _ETH_P_ALL))
        yield found
        tap.setblocking(False)
        try:
            while True:
                frame, ancillary, _, _ = tap.recvmsg(342, 64)
                for _, kind, value in ancillary:
                    if kind == _TIMESTAMPNS and len(frame) > _XID + 4:
                        seconds, nanoseconds = _TIMESPEC.unpack(value[: _TIMESPEC.size])
                        found.note(frame, seconds + nanoseconds / 1e9)
        except BlockingIOError:
            pass
