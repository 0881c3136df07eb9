"""What a hostile host sends, as fast as it is told: frames of forged clients, by a packet socket.

    python -m tests.lab.flood INTERFACE KIND SERVER RATE SECONDS [PORT CLIENT]

It takes no address and hears nothing. The kinds are the keys of `KINDS`, or of `AT_A_PORT`, which
are for a port of the server's that a client's transfer goes by; each frame is another client's. At
the end it prints how many were sent.
"""

from __future__ import annotations

import itertools
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final

from pyxie.dhcp.message import DhcpMessage, MessageType, Op, Option, build
from pyxie.tftp.packet import ReadRequest, read_request

_IP: Final = Struct(">BBHHHBBH4s4s")
_UDP: Final = Struct(">HHHH")
_DHCP_AT: Final = 14 + 20 + 8
_TICK: Final = 0.002
"""Seconds between two bursts."""
_ROOM: Final = 1 << 20
_MADE: Final = 2048


def frame(payload: bytes, source: bytes, to: bytes, ports: tuple[int, int]) -> bytearray:
    """Return an Ethernet frame to all, of a UDP datagram without a checksum."""
    length = 28 + len(payload)
    header = _IP.pack(0x45, 0, length, 0, 0, 64, 17, 0, source, to)
    words = sum(int.from_bytes(header[at : at + 2]) for at in range(0, 20, 2))
    words = (words & 0xFFFF) + (words >> 16)
    header = header[:10] + (0xFFFF - words).to_bytes(2) + header[12:]
    udp = _UDP.pack(*ports, 8 + len(payload), 0)
    return bytearray(b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x08\0" + header + udp + payload)


def pxe(kind: MessageType = MessageType.DISCOVER) -> bytes:
    """Return what firmware sends, padded as it pads it."""
    options: dict[int, bytes] = {
        Option.MESSAGE_TYPE: bytes([kind]),
        Option.PARAMETER_LIST: bytes(range(1, 36)),
        Option.MAX_SIZE: (1472).to_bytes(2),
        Option.CLIENT_UUID: b"\0" + b"0123456789abcdef",
        Option.CLIENT_ARCH: b"\0\7",
        Option.CLIENT_NDI: b"\1\3\x10",
        Option.VENDOR_CLASS: b"PXEClient:Arch:00007:UNDI:003016",
    }
    made = DhcpMessage(op=Op.REQUEST, xid=1, chaddr=bytes(6), flags=0x8000, options=options)
    return build(made).ljust(548, b"\0")


def _each_mac(template: bytearray) -> Iterator[bytearray]:
    rng = random.Random(7)
    while True:
        who = rng.randbytes(6)
        template[_DHCP_AT + 4 : _DHCP_AT + 8] = who[:4]
        template[_DHCP_AT + 28] = who[0] & 0xFC
        template[_DHCP_AT + 29 : _DHCP_AT + 34] = who[1:]
        yield template


def discovers(to: bytes) -> Iterator[bytearray]:
    """DISCOVERs of machines that are not there."""
    return _each_mac(frame(pxe(), bytes(4), b"\xff" * 4, (68, 67)))


def relayed(to: bytes) -> Iterator[bytearray]:
    """The same, as if by relays: whoever answers has to find each on the link."""
    rng = random.Random(8)
    for each in _each_mac(frame(pxe(), to[:3] + b"\xfe", b"\xff" * 4, (67, 67))):
        each[_DHCP_AT + 24 : _DHCP_AT + 28] = to[:2] + rng.randbytes(2)
        yield each


def boot_requests(to: bytes) -> Iterator[bytearray]:
    """Requests to port 4011."""
    return _each_mac(frame(pxe(MessageType.REQUEST), to[:3] + b"\xfe", to, (68, 4011)))


def malformed(to: bytes) -> Iterator[bytearray]:
    """DISCOVERs, each broken in another place."""
    rng = random.Random(9)
    for each in _each_mac(frame(pxe(), bytes(4), b"\xff" * 4, (68, 67))):
        broken = bytearray(each)
        broken[_DHCP_AT + 240 + rng.randrange(120)] = rng.randrange(128, 255)
        yield broken


def reads(to: bytes) -> Iterator[bytearray]:
    """Read requests by TFTP, each from an address of its own on the link."""
    rng = random.Random(10)
    asked = read_request(ReadRequest("ipxe.efi", "octet", {"blksize": "1468", "tsize": "0"}))
    while True:
        yield frame(asked, to[:2] + rng.randbytes(2), to, (rng.randrange(1024, 65535), 69))


KINDS: Final[dict[str, Callable[[bytes], Iterator[bytearray]]]] = {
    "discovers": discovers,
    "relayed": relayed,
    "boot-requests": boot_requests,
    "malformed": malformed,
    "reads": reads,
}


def acks_of_others(to: bytes, port: int, client: bytes) -> Iterator[bytearray]:
    """ACKs of all blocks by hosts that have no transfer, to a port where others have."""
    rng = random.Random(11)
    return _acks(to, port, lambda: to[:2] + rng.randbytes(2))


def acks_by_other_ports(to: bytes, port: int, client: bytes) -> Iterator[bytearray]:
    """The same, from the client's address, by ports that are not its own."""
    return _acks(to, port, lambda: client)


def _acks(to: bytes, port: int, source: Callable[[], bytes]) -> Iterator[bytearray]:
    # Made beforehand: more of them are sent in a second so.
    rng = random.Random(12)
    made = [
        frame(b"\0\4" + rng.randbytes(2), source(), to, (rng.randrange(1024, 30_000), port))
        for _ in range(_MADE)
    ]
    return itertools.cycle(made)


AT_A_PORT: Final[dict[str, Callable[[bytes, int, bytes], Iterator[bytearray]]]] = {
    "acks-of-others": acks_of_others,
    "acks-by-other-ports": acks_by_other_ports,
}


def flood(interface: str, frames: Iterator[bytearray], rate: int, seconds: float) -> int:
    """Send; return how many frames the network took.

    Args:
        interface: The name of the one to send from.
        frames: What to send.
        rate: Frames a second.
        seconds: For how long.
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
        link.bind((interface, 0))
        sent, began = 0, time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            for _ in range(int(passed * rate) - sent):
                sent += link.send(next(frames)) > 0
            time.sleep(_TICK)
    return sent


def main() -> None:
    """Flood as the command line says."""
    interface, kind, server, rate, seconds, *transfer = sys.argv[1:]
    to = socket.inet_aton(server)
    if transfer:
        port, client = transfer
        frames = AT_A_PORT[kind](to, int(port), socket.inet_aton(client))
    else:
        frames = KINDS[kind](to)
    print(flood(interface, frames, int(rate), float(seconds)))


if __name__ == "__main__":
    main()
