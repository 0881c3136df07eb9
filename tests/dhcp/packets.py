"""Requests as clients send them; built here, so that a test shows only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from pyxie.dhcp.decide import Boot
from pyxie.dhcp.message import DhcpMessage, MessageType, Op, Option
from tests.recognised import IN_BUILD

MAC = "52:54:00:12:34:56"
SERVER = IPv4Address("192.168.7.1")
UUID = b"\0" + b"0123456789abcdef"

LOADERS = {
    0x00: "undionly.kpxe",
    0x06: "ipxe-i386.efi",
    0x07: "ipxe.efi",
    0x09: "ipxe.efi",
    0x0B: "ipxe-arm64.efi",
    0x10: "ipxe.efi",
    0x14: "undionly.kpxe",
}
BOOT = Boot(server=SERVER, http_port=8080, loaders=LOADERS, client=IN_BUILD)


def discover(arch: int = 0, **options: bytes | None) -> DhcpMessage:
    """Return a PXE client's DISCOVER; ``o60=...`` sets option 60, None leaves one out."""
    sent: dict[int, bytes] = {
        Option.MESSAGE_TYPE: bytes([MessageType.DISCOVER]),
        Option.VENDOR_CLASS: f"PXEClient:Arch:{arch:05}:UNDI:002001".encode(),
        Option.CLIENT_ARCH: arch.to_bytes(2),
        Option.CLIENT_NDI: b"\1\2\1",
        Option.CLIENT_UUID: UUID,
    }
    for name, value in options.items():
        code = int(name.removeprefix("o"))
        if value is None:
            del sent[code]
        else:
            sent[code] = value
    chaddr = bytes.fromhex(MAC.replace(":", ""))
    return DhcpMessage(op=Op.REQUEST, xid=0x01020304, chaddr=chaddr, options=sent)


def as_request(message: DhcpMessage, kind: MessageType = MessageType.REQUEST) -> DhcpMessage:
    """Return the same client's message of another type."""
    return replace(message, options={**message.options, Option.MESSAGE_TYPE: bytes([kind])})


def ipxe(arch: int = 0, **options: bytes | None) -> DhcpMessage:
    """Return an iPXE's DISCOVER."""
    return discover(arch, **{"o77": b"iPXE", **options})


BIOS_FEATURES = bytes.fromhex("130101 180101 150101 210101".replace(" ", ""))
"""Option 175 of a BIOS iPXE: HTTP, bzImage, TFTP, PXE."""
UEFI_FEATURES = bytes.fromhex("130101 240101 150101".replace(" ", ""))
"""Option 175 of a UEFI iPXE: HTTP, EFI, TFTP."""
