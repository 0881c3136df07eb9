"""What the firmware of each kind of client sends, option by option. Pure.

The broadcast flag is always set, which EDK2 does as well: who asks in the name of another MAC hears
no unicast answer to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
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


@dataclass(frozen=True, slots=True)
class Client:
    """What firmware of one kind is, and sends beside what all do.

    Attributes:
        title: In plain words.
        options: Of its DISCOVER, but for those that differ from machine to machine.
    """

    title: str
    options: Mapping[int, bytes]


_PXE_LIST: Final = bytes((1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51))
_EDK2_LIST: Final = _PXE_LIST + bytes((54, 58, 59, 60, 66, 67, 97, *range(128, 136)))
"""PxeBcDhcp4.c, PxeBcBuildDhcp4Options."""
_EDK2_HTTP_LIST: Final = _PXE_LIST + bytes((54, 58, 59, 60, 66, 67, 97))
"""HttpBootDhcp4.c, HttpBootBuildDhcp4Options."""
_BIOS_LIST: Final = bytes((1, 2, 3, 5, 6, 11, 12, 13, 16, 17, 18, 43, 54, 60, 67, *range(128, 136)))
_IPXE_LIST: Final = bytes((1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, *range(128, 136), 175))
_UEFI_IPXE: Final = bytes.fromhex("130101 240101 150101")
"""Features: HTTP, EFI, TFTP (ipxe src/include/ipxe/features.h)."""


def _options(
    kind: str, arch: int, undi: tuple[int, int], size: int, wanted: bytes
) -> dict[int, bytes]:
    major, minor = undi
    return {
        Option.PARAMETER_LIST: wanted,
        Option.MAX_SIZE: size.to_bytes(2),
        Option.VENDOR_CLASS: f"{kind}:Arch:{arch:05}:UNDI:{major:03}{minor:03}".encode(),
        Option.CLIENT_ARCH: arch.to_bytes(2),
        Option.CLIENT_NDI: bytes((1, major, minor)),
    }


CLIENTS: Final[Mapping[Firmware, Client]] = MappingProxyType(
    {
        Firmware.BIOS: Client(
            "a BIOS machine's PXE ROM", _options("PXEClient", 0, (2, 1), 1260, _BIOS_LIST)
        ),
        Firmware.UEFI_X64: Client(
            "UEFI firmware of an x64 machine", _options("PXEClient", 7, (3, 1), 1472, _EDK2_LIST)
        ),
        Firmware.UEFI_ARM64: Client(
            "UEFI firmware of an arm64 machine", _options("PXEClient", 11, (3, 1), 1472, _EDK2_LIST)
        ),
        Firmware.HTTP: Client(
            "UEFI HTTP Boot of an x64 machine",
            _options("HTTPClient", 16, (3, 1), 1472, _EDK2_HTTP_LIST),
        ),
        Firmware.IPXE: Client(
            "iPXE on an x64 UEFI machine",
            {
                **_options("PXEClient", 7, (3, 16), 1472, _IPXE_LIST),
                Option.USER_CLASS: b"iPXE",
                Option.IPXE: _UEFI_IPXE,
            },
        ),
    }
)


def discover(firmware: Firmware, chaddr: bytes, xid: int, secs: int = 0) -> DhcpMessage:
    """Return the DISCOVER that such a client broadcasts.

    Args:
        firmware: Its kind.
        chaddr: Its MAC, six bytes.
        xid: The transaction; answers bear it.
        secs: Since it began.
    """
    options = {
        Option.MESSAGE_TYPE: bytes((MessageType.DISCOVER,)),
        **CLIENTS[firmware].options,
        # Type 0, and no UUID but one of the MAC: as firmware without SMBIOS would have it.
        Option.CLIENT_UUID: b"\0" + bytes(10) + chaddr,
    }
    if firmware is Firmware.IPXE:
        options[Option.CLIENT_ID] = b"\x01" + chaddr
    return DhcpMessage(
        op=Op.REQUEST, xid=xid, chaddr=chaddr, secs=secs, flags=BROADCAST_FLAG, options=options
    )


def boot_request(asked: DhcpMessage, ciaddr: IPv4Address) -> DhcpMessage:
    """Return the REQUEST that is sent to port 4011 of a boot server (PXE 2.1 section 2.2.4).

    It asks for a file's name and takes no lease: it has neither option 50 nor 54, and is no
    broadcast to port 67.

    Args:
        asked: The client's DISCOVER.
        ciaddr: The address that it has by then.
    """
    options = {**asked.options, Option.MESSAGE_TYPE: bytes((MessageType.REQUEST,))}
    return replace(asked, flags=0, ciaddr=ciaddr, options=options)
