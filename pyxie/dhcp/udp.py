"""IPv4 and UDP headers, read and written by hand for the raw socket. Pure.

The kernel has put IP fragments together and checked the IP header before a raw socket
sees a datagram (raw(7)); everything in UDP is left to us.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from pyxie.errors import WireError

_UDP: Final = Struct(">HHHH")
_PSEUDO: Final = Struct(">4s4sHH")
_PROTOCOL: Final = 17
_IP: Final = Struct(">BBHHHBBH4s4s")
_IPV4: Final = 0x45
"""Version 4, a header of five words."""
_DONT_FRAGMENT: Final = 0x4000
_TTL: Final = 64


class Segment(NamedTuple):
    """What came in a UDP datagram.

    Attributes:
        data: The payload.
        source: The sender's address, four bytes.
        source_port: The sender's port.
    """

    data: bytes
    source: bytes
    source_port: int


def unwrap(packet: bytes) -> Segment:
    """Take an IPv4 packet, as a raw socket delivers it, out of its two headers.

    The UDP checksum is not verified: from a virtual machine on the same host it arrives
    unfinished, since the sender's offloading leaves it to hardware that is not there,
    and a raw socket is not told so. Bytes after the length that UDP claims are dropped.

    Raises:
        WireError: A header is cut short, or UDP claims more than there is.
    """
    if len(packet) < 20:
        raise WireError(len(packet), "IP header", f"{len(packet)} bytes are not 20")
    at = (packet[0] & 0x0F) * 4
    left = len(packet) - at
    if at < 20 or left < 0:
        raise WireError(0, "IP header", f"claims {at} of {len(packet)} bytes, not 20 or more")
    if left < 8:
        raise WireError(at, "UDP header", f"needs 8 bytes, only {left} left")
    source_port, _, length, _ = _UDP.unpack_from(packet, at)
    if not 8 <= length <= left:
        raise WireError(at + 4, "UDP length", f"{length}, where there are {left} bytes")
    return Segment(packet[at + 8 : at + length], packet[12:16], source_port)


def wrap(
    data: bytes, source: bytes, source_port: int, destination: bytes, destination_port: int
) -> bytes:
    """Put a UDP header before ``data``; the addresses, four bytes each, go into its sum.

    RFC 768 allows to leave the sum out, RFC 1122 section 4.1.3.4 asks for it.
    """
    total = summed(data, source, source_port, destination, destination_port)
    return headed(data, source_port, destination_port, total)


def headed(data: bytes, source_port: int, destination_port: int, total: int) -> bytes:
    """Return the same, where `summed` has told the sum."""
    # A sum that comes out as 0 is sent as 0xFFFF: 0 means that there is none.
    return _UDP.pack(source_port, destination_port, 8 + len(data), 0xFFFF - total) + data


def summed(
    data: bytes, source: bytes, source_port: int, destination: bytes, destination_port: int
) -> int:
    """Return the sum, modulo 65535, of what the checksum is the complement of; as for `wrap`.

    Two bytes more in ``data``, at an even place, are so much more.
    """
    length = 8 + len(data)
    # 2**16 is 1 modulo 65535, so the remainder of the bytes as one number is the
    # ones' complement sum of their 16-bit words.
    words = int.from_bytes(data if len(data) % 2 == 0 else data + b"\0")
    pseudo = int.from_bytes(_PSEUDO.pack(source, destination, _PROTOCOL, length))
    return (words + pseudo + source_port + destination_port + length) % 0xFFFF


def ip_header(length: int, source: bytes, destination: bytes) -> bytes:
    """Return what stands before a UDP datagram (RFC 791 section 3.1).

    It is one that is not cut into pieces, and so needs no identification (RFC 6864 section 4.1).

    Args:
        length: Of the datagram with its header.
        source: Four bytes,
        destination: and four more.
    """

    def header(checksum: int) -> bytes:
        flags, rest = (0, _DONT_FRAGMENT), (_TTL, _PROTOCOL, checksum, source, destination)
        return _IP.pack(_IPV4, 0, 20 + length, *flags, *rest)

    return header(0xFFFF - int.from_bytes(header(0)) % 0xFFFF)
