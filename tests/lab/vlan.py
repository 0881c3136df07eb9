"""A VLAN in user space, for kernels that have none: IEEE 802.1Q tags on a trunk, none on a tap.

    python -m tests.lab.vlan TAP NUMBER        # the trunk is the interface "trunk"

What comes in by the trunk with the VLAN's tag goes to the tap without it, and the other way round.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import sys
from pathlib import Path
from typing import Final

from tests.lab.lan import Host, Lan, Segment

_TAGGED: Final = 0x8100
_ADDRESSES: Final = 12
"""Bytes of a frame before the place of its tag."""
_LONGEST: Final = 65_536

# linux/if_tun.h
_TUNSETIFF: Final = 0x400454CA
_IFF_TAP: Final = 0x0002
_IFF_NO_PI: Final = 0x1000

# linux/if_packet.h; the kernel takes a tag out of what it hands on, and tells of it beside.
_ETH_P_ALL: Final = 0x0003
_SOL_PACKET: Final = 263
_PACKET_AUXDATA: Final = 8
_AUXDATA: Final = struct.Struct("=IIIHHHH")
_VLAN_VALID: Final = 1 << 4
_OUTGOING: Final = 4


def segment(lan: Lan, number: int, subnet: str) -> Segment:
    """Add a VLAN, on a cable of its own to the server, which has it with its tag.

    Whoever else is on it is behind a switch that puts the tag on.
    """
    switch = lan.namespace("switch")
    lan.srv.ip("link", "add", "trunk", "type", "veth", "peer", "trunk",
               "netns", switch.namespace)  # fmt: skip
    own, port = _interface(lan.srv, number), _interface(switch, number)
    made = Segment(lan, lan.srv, subnet, interface=own, switch=switch)
    made.plug(port)
    return made


def _interface(host: Host, number: int) -> str:
    """Make a host's interface on a VLAN of its trunk, and return its name."""
    name = f"vlan{number}"
    host.ip("tuntap", "add", "dev", name, "mode", "tap")
    # Frames for the interface's own address have to be taken in by the trunk.
    host.ip("link", "set", "trunk", "promisc", "on", "up")
    process = host.popen(
        sys.executable, "-m", __name__, name, str(number),
        label=name,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    process.wait_for("tags", timeout=20)
    return name


def tagged(frame: bytes, number: int) -> bytes:
    """Return an Ethernet frame with the tag of a VLAN."""
    return frame[:_ADDRESSES] + struct.pack("!HH", _TAGGED, number) + frame[_ADDRESSES:]


def _number(beside: list[tuple[int, int, bytes]]) -> int | None:
    """Return of which VLAN a frame was, by what the kernel tells of it; None: of none."""
    for _, _, data in beside:
        status, _, _, _, _, tci, _ = _AUXDATA.unpack_from(data)
        if status & _VLAN_VALID:
            return int(tci & 0xFFF)
    return None


def _serve(tap: str, number: int) -> None:
    inside = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(inside, _TUNSETIFF, struct.pack("16sH22x", tap.encode(), _IFF_TAP | _IFF_NO_PI))
    outside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    outside.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    outside.bind(("trunk", _ETH_P_ALL))
    print("tags", flush=True)
    while True:
        ready, _, _ = select.select([inside, outside.fileno()], [], [])
        if inside in ready:
            outside.send(tagged(os.read(inside, _LONGEST), number))
        if outside.fileno() in ready:
            frame, beside, _, source = outside.recvmsg(_LONGEST, socket.CMSG_SPACE(_AUXDATA.size))
            if source[2] != _OUTGOING and _number(beside) == number:
                os.write(inside, frame)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
