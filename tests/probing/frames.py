"""Frames as a probe hears them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from pyxie.dhcp.message import DhcpMessage, MessageType, Op, Option, build
from pyxie.probing.questions import CLIENTS, Firmware, discover

CHADDR = bytes.fromhex("525400123456")
LINK = "02:00:00:00:00:01"
SERVER = IPv4Address("192.168.7.1")
ASKED = discover(CLIENTS[Firmware.UEFI_X64], CHADDR, 0x01020304)


def offer(
    server: IPv4Address = SERVER, kind: MessageType = MessageType.OFFER, **options: bytes
) -> DhcpMessage:
    """Return an answer to `ASKED`; ``o60=...`` sets option 60."""
    sent = {int(name.removeprefix("o")): value for name, value in options.items()}
    always: dict[int, bytes] = {
        Option.MESSAGE_TYPE: bytes((kind,)),
        Option.SERVER_ID: server.packed,
    }
    return replace(ASKED, op=Op.REPLY, flags=0, options={**always, **sent})


def framed(
    data: DhcpMessage | bytes, source: IPv4Address = SERVER, *, port: int = 67, to: int = 68
) -> bytes:
    """Return an answer as it comes off the wire."""
    payload = build(data) if isinstance(data, DhcpMessage) else data
    packet = Ether(src=LINK, dst="ff:ff:ff:ff:ff:ff") / IP(src=str(source), dst="255.255.255.255")
    return bytes(packet / UDP(sport=port, dport=to) / payload)
