"""Ethernet frames with answers to a DHCP client in them. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from pyxie.dhcp import bpf
from pyxie.dhcp.bpf import Instruction
from pyxie.dhcp.udp import Segment, unwrap
from pyxie.errors import WireError

MAX_FRAME: Final = 2048
"""Bytes that are looked at; an Ethernet frame has 1,514, and firmware takes no more."""

_HEADER: Final = 14
_IPV4: Final = 0x0800
_UDP: Final = 17
_CLIENT: Final = 68

FILTER: Final = bpf.compiled(
    (
        Instruction(bpf.HALF_AT, k=12),  # the type
        Instruction(bpf.IF_EQUAL, 0, 8, _IPV4),
        Instruction(bpf.BYTE_AT, k=23),  # the protocol
        Instruction(bpf.IF_EQUAL, 0, 6, _UDP),
        Instruction(bpf.HALF_AT, k=20),
        Instruction(bpf.IF_BIT, 4, 0, 0x1FFF),  # a fragment that is not the first
        Instruction(bpf.LOAD_HEADER, k=_HEADER),
        Instruction(bpf.LOAD_HALF, k=_HEADER + 2),  # the destination's port
        Instruction(bpf.IF_EQUAL, 0, 1, _CLIENT),
        Instruction(bpf.RETURN, k=MAX_FRAME),
        Instruction(bpf.RETURN, k=0),
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
