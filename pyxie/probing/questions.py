"""What the firmware of each kind of client sends, option by option. Pure.

The broadcast flag is always set, which EDK2 does as well: who asks in the name of another MAC hears
no unicast answer to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Final

from pyxie.dhcp.message import BROADCAST_FLAG, DhcpMessage, MessageType, Op, Option


class Firmware(StrEnum):
    """Whose part is played; the values are what ``--firmware`` takes."""

    BIOS = "bios"
    UEFI_X64 = "uefi-x64"
    UEFI_ARM64 = "uefi-arm64"
    HTTP = "http"
    IPXE = "ipxe"


class Order(Enum):
    """By whose rules an answer is chosen."""

    PXE = "PXE 2.1"
    """Of BIOS ROMs."""
    EDK2 = "EDK2"
    """Of UEFI firmware's PXE."""
    HTTP = "HTTP Boot"
    """Of UEFI firmware's HTTP Boot, which is EDK2's as well."""
    IPXE = "iPXE"


@dataclass(frozen=True, slots=True)
class Client:
    """What firmware of one kind is, and sends beside what all do.

    Attributes:
        title: In plain words.
        order: How it chooses.
        arch: Its client architecture, as in option 93.
        options: Of its DISCOVER, but for those that differ from machine to machine.
    """

    title: str
    order: Order
    arch: int
    options: Mapping[int, bytes]


_PXE_LIST: Final = bytes((1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51))
_EDK2_LIST: Final = _PXE_LIST + bytes((54, 58, 59, 60, 66, 67, 97, *range(128, 136)))
"""PxeBcDhcp4.c, PxeBcBuildDhcp4Options."""
_EDK2_HTTP_LIST: Final = _PXE_LIST + bytes((54, 58, 59, 60, 235, 67, 97))
"""HttpBootDhcp4.c, HttpBootBuildDhcp4Options, which writes all but one: it is what was there."""
_BIOS_LIST: Final = bytes((1, 2, 3, 5, 6, 11, 12, 13, 16, 17, 18, 43, 54, 60, 67, *range(128, 136)))
_IPXE_LIST: Final = bytes(
    (1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, *range(128, 136), 175, 203)
)
_UEFI_FEATURES: Final = bytes.fromhex("130101 240101 150101")
"""HTTP, EFI, TFTP (ipxe src/include/ipxe/features.h)."""
_BIOS_FEATURES: Final = bytes.fromhex("130101 180101 150101 210101")
"""HTTP, bzImage, TFTP, PXE."""


def _client(
    title: str, order: Order, arch: int, undi: tuple[int, int], size: int, wanted: bytes
) -> Client:
    kind = "HTTPClient" if order is Order.HTTP else "PXEClient"
    major, minor = undi
    options: dict[int, bytes] = {
        Option.PARAMETER_LIST: wanted,
        Option.MAX_SIZE: size.to_bytes(2),
        Option.VENDOR_CLASS: f"{kind}:Arch:{arch:05}:UNDI:{major:03}{minor:03}".encode(),
        Option.CLIENT_ARCH: arch.to_bytes(2),
        Option.CLIENT_NDI: bytes((1, major, minor)),
    }
    return Client(title, order, arch, MappingProxyType(options))


def _ipxe(arch: int) -> Client:
    """Return the iPXE of an architecture: it names that of the firmware's PXE, however it came."""
    is_bios = arch == _BIOS
    what = "a BIOS" if is_bios else "an arm64 UEFI" if arch == _ARM64 else "an x64 UEFI"
    plain = _client(
        *(f"iPXE on {what} machine", Order.IPXE, arch),
        *((2, 1) if is_bios else (3, 10), 1472, _IPXE_LIST),
    )
    own: dict[int, bytes] = {
        Option.USER_CLASS: b"iPXE",
        Option.IPXE: _BIOS_FEATURES if is_bios else _UEFI_FEATURES,
    }
    return replace(plain, options=MappingProxyType({**plain.options, **own}))


_BIOS, _X64, _ARM64, _X64_HTTP = 0x00, 0x07, 0x0B, 0x10

CLIENTS: Final[Mapping[Firmware, Client]] = MappingProxyType(
    {
        Firmware.BIOS: _client(
            "a BIOS machine's PXE ROM", Order.PXE, _BIOS, (2, 1), 1260, _BIOS_LIST
        ),
        Firmware.UEFI_X64: _client(
            "UEFI firmware of an x64 machine", Order.EDK2, _X64, (3, 0), 1472, _EDK2_LIST
        ),
        Firmware.UEFI_ARM64: _client(
            "UEFI firmware of an arm64 machine", Order.EDK2, _ARM64, (3, 0), 1472, _EDK2_LIST
        ),
        Firmware.HTTP: _client(
            *("UEFI HTTP Boot of an x64 machine", Order.HTTP, _X64_HTTP),
            *((3, 0), 1472, _EDK2_HTTP_LIST),
        ),
        Firmware.IPXE: _ipxe(_X64),
    }
)


def then_ipxe(client: Client) -> Client:
    """Return the iPXE that such a client's firmware has loaded."""
    return _ipxe(_X64 if client.arch == _X64_HTTP else client.arch)


def discover(client: Client, chaddr: bytes, xid: int, uuid: bytes = bytes(16)) -> DhcpMessage:
    """Return the DISCOVER that such a client broadcasts.

    Args:
        client: Of which kind.
        chaddr: Its MAC, six bytes.
        xid: The transaction; answers bear it.
        uuid: The machine's; all zeros where it has none, as a virtual machine without SMBIOS.
    """
    options = {
        Option.MESSAGE_TYPE: bytes((MessageType.DISCOVER,)),
        **client.options,
        Option.CLIENT_UUID: b"\0" + uuid,
    }
    if client.order is Order.IPXE:
        options[Option.CLIENT_ID] = b"\x01" + chaddr
    return DhcpMessage(op=Op.REQUEST, xid=xid, chaddr=chaddr, flags=BROADCAST_FLAG, options=options)


def boot_request(
    asked: DhcpMessage, xid: int, ciaddr: IPv4Address, item: bytes | None = None
) -> DhcpMessage:
    """Return the REQUEST that is sent to port 4011 of a boot server (PXE 2.1 section 2.2.4).

    It asks for a file's name and takes no lease: it has neither option 50 nor 54, and is no
    broadcast to port 67.

    Args:
        asked: The client's DISCOVER.
        xid: A transaction of its own.
        ciaddr: The address that it has by then.
        item: The boot server's type, two bytes, where one of a menu is asked for.
    """
    options = {**asked.options, Option.MESSAGE_TYPE: bytes((MessageType.REQUEST,))}
    if item is not None:
        options[Option.VENDOR_SPECIFIC] = b"\x47\x04" + item + b"\0\0\xff"  # 71, layer 0
    return replace(asked, xid=xid, flags=0, ciaddr=ciaddr, options=options)
