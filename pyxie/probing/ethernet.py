"""Ethernet frames with answers to a DHCP client in them. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from pyxie.dhcp.bpf import Instruction, compiled
from pyxie.dhcp.udp import Segment, unwrap
from pyxie.errors import WireError

MAX_FRAME: Final = 2048
"""Bytes that are looked at; an Ethernet frame has 1,514, and firmware takes no more."""

_HEADER: Final = 14
_IPV4: Final = 0x0800
_UDP: Final = 17
_CLIENT: Final = 68

FILTER: Final = compiled(
    (
        Instruction(0x28, k=12),  # the type
        Instruction(0x15, 0, 8, _IPV4),
        Instruction(0x30, k=23),  # the protocol
        Instruction(0x15, 0, 6, _UDP),
        Instruction(0x28, k=20),
        Instruction(0x45, 4, 0, 0x1FFF),  # a fragment that is not the first
        Instruction(0xB1, k=_HEADER),  # x = the IP header's length
        Instruction(0x48, k=_HEADER + 2),  # the destination's port
        Instruction(0x15, 0, 1, _CLIENT),
        Instruction(0x06, k=MAX_FRAME),
        Instruction(0x06, k=0),
    )
)
"""Passes UDP to port 68 and nothing else: classic BPF (linux/filter.h)."""


class Framed(NamedTuple):
    """What came in a frame.

    Attributes:
        segment: The UDP datagram.
        link: The sender's hardware address.
    """

    segment: Segment
    link: bytes


def unframe(frame: bytes) -> Framed:
    """Take a frame that `FILTER` has passed out of its three headers.

    Raises:
        WireError: One is cut short; the offset counts from the frame's beginning.
    """
    if len(frame) < _HEADER:
        raise WireError(len(frame), "Ethernet header", f"{len(frame)} bytes are not {_HEADER}")
    try:
        return Framed(unwrap(frame[_HEADER:]), frame[6:12])
    except WireError as error:
        raise WireError(error.offset + _HEADER, error.field, error.problem) from error
