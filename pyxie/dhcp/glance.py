"""What the bytes of a datagram show before it is parsed: that it asks for nothing of ours. Pure.

A flood is mostly that, or of machines that nobody knows, and a glance costs a hundredth of an
answer. It may be wrong in one direction only: what a network-boot client sends is looked at whole.
"""

from __future__ import annotations

from typing import Final

from pyxie.dhcp.decide import BOOT_REQUESTS, Port, Reason
from pyxie.dhcp.message import MessageType, Op

_TYPE: Final = slice(240, 242)
_LED_BY_TYPE: Final = b"\x35\x01"
_KIND_AT: Final = 242
_REQUEST: Final = bytes([MessageType.REQUEST])
_CHADDR: Final = slice(28, 34)
_AFTER_CHADDR: Final = 44
_ARCH: Final = 0x5D
"""Option 93's code."""


def client(data: bytes) -> bytes:
    """Return the first six bytes of the hardware address; fewer, if the datagram ends there."""
    return data[_CHADDR]


def takes_an_offer(data: bytes) -> bool:
    """Tell whether a datagram may be the REQUEST of a client that boots from the network."""
    if data[_TYPE] == _LED_BY_TYPE and data[_KIND_AT : _KIND_AT + 1] != _REQUEST:
        return False
    return _boots(data)


def _boots(data: bytes) -> bool:
    # Option 93 has its code somewhere in the options, or in sname and file where option 52 lends
    # them. Option 60 is in one piece: only what is longer than 255 bytes, or meets the end of
    # such a space, is cut (RFC 3396 section 5).
    return _ARCH in data[_AFTER_CHADDR:] or b"PXEClient" in data or b"HTTPClient" in data


def nothing_asked(data: bytes, port: Port) -> Reason | None:
    """Return why a datagram is not answered, whoever sent it; None if that takes a closer look.

    Args:
        data: The datagram.
        port: Where it was received.
    """
    # Most clients let the type lead, at a fixed place; others are parsed. What is of another
    # type, or shows no trace of a network boot, is not parsed only to say that it is malformed.
    if data[_TYPE] != _LED_BY_TYPE or len(data) <= _KIND_AT:
        return None
    if data[0] != Op.REQUEST:
        return Reason.NOT_A_REQUEST if data[0] == Op.REPLY else None
    kind = data[_KIND_AT]
    if port == 67 and kind != MessageType.DISCOVER:
        return Reason.NOT_A_DISCOVER
    if port == 4011 and kind not in BOOT_REQUESTS:
        return Reason.NOT_A_BOOT_REQUEST
    return None if _boots(data) else Reason.NOT_NETBOOT
