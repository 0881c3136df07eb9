"""What a network-boot client says it is: its architecture, and whether it is iPXE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from pyxie.architectures import ARCHITECTURES, RASPBERRY, Architecture, Family
from pyxie.dhcp.message import Option, Options, encapsulated
from pyxie.errors import WireError


class ArchitectureFault(StrEnum):
    """Why an architecture cannot be told; the values are counted under these names."""

    MISSING = "no-architecture"
    MALFORMED = "malformed-architecture"
    UNKNOWN = "unknown-architecture"


@dataclass(frozen=True, slots=True)
class NoArchitecture:
    """The architecture cannot be told, and why, in plain words."""

    fault: ArchitectureFault
    detail: str


def architecture(options: Options, chaddr: bytes = b"") -> Architecture | NoArchitecture:
    """Tell the client's architecture from option 93, or from option 60 in its absence.

    Option 93 may list several (RFC 4578 section 2.1): the first that has a loader wins,
    else the first that is known by name. A Raspberry Pi's boot ROM says that it is a BIOS
    (raspberrypi/rpi-eeprom#182), and is told by what else it sends.

    Args:
        options: What the client sent.
        chaddr: Its hardware address.
    """
    value = options.get(93)
    if value is None:
        return _from_vendor_class(options.get(60, b""))
    if len(value) == 2:  # all clients but a few
        code = value[0] << 8 | value[1]
        if code == 0 and is_raspberry(options, chaddr):
            code = RASPBERRY
        row = ARCHITECTURES.get(code)
        return row if row is not None else _unknown("option 93", value)
    if not value or len(value) % 2:
        detail = f"option {Option.CLIENT_ARCH:d} has {len(value)} bytes, not pairs of bytes"
        return NoArchitecture(ArchitectureFault.MALFORMED, detail)
    codes = (int.from_bytes(value[at : at + 2]) for at in range(0, len(value), 2))
    known = [ARCHITECTURES[code] for code in codes if code in ARCHITECTURES]
    if not known:
        return _unknown("option 93", value)
    return next((row for row in known if row.loaders), known[0])


_RASPBERRY_OUIS: Final = frozenset(
    bytes.fromhex(oui) for oui in ("b827eb", "dca632", "e45f01", "28cdc1", "d83add", "2ccf67")
)
"""IEEE's blocks of the Raspberry Pi Foundation and of Raspberry Pi (Trading)."""


def is_raspberry(options: Options, chaddr: bytes) -> bool:
    """Tell whether a client that calls itself a BIOS is a Raspberry Pi's boot ROM.

    By its hardware address, or by the UUID of a Pi 4 or later, which begins with its name; an
    older one's is made of its serial number (raspberrypi/rpi-eeprom#103).
    """
    return chaddr[:3] in _RASPBERRY_OUIS or options.get(97, b"").startswith(b"\0RPi")


_VENDOR_ARCH: Final = re.compile(rb"Arch:([0-9]{1,5})")


def _from_vendor_class(vendor_class: bytes) -> Architecture | NoArchitecture:
    found = _VENDOR_ARCH.search(vendor_class)
    if found is None:
        detail = "neither option 93 nor option 60 tells the client's architecture"
        return NoArchitecture(ArchitectureFault.MISSING, detail)
    code = int(found[1])
    row = ARCHITECTURES.get(code)
    return row if row is not None else _unknown("option 60", code.to_bytes(4))


def _unknown(where: str, value: bytes) -> NoArchitecture:
    detail = f"{where} names no client architecture that pyxie knows: 0x{value.hex()}"
    return NoArchitecture(ArchitectureFault.UNKNOWN, detail)


class Ipxe(StrEnum):
    """Whether the client is iPXE, by its user class."""

    NO = "no"
    STOCK = "iPXE"
    PIXIECORE = "pixiecore"
    """Built for pixiecore: an iPXE that waits for a script's URL."""


def ipxe(user_class: bytes | None) -> Ipxe:
    """Tell iPXE by option 77, sent raw or framed.

    iPXE sends it raw; RFC 3004 section 4 wants each class behind its length, and an
    operator's ``set user-class`` may add more of them.
    """
    if user_class is None:
        return Ipxe.NO
    if user_class == b"iPXE":
        return Ipxe.STOCK
    for name in user_classes(user_class):
        match name.rstrip(b"\0"):
            case b"pixiecore":
                return Ipxe.PIXIECORE
            case b"iPXE":
                return Ipxe.STOCK
            case _:
                pass  # an operator's own class
    return Ipxe.NO


def user_classes(value: bytes) -> tuple[bytes, ...]:
    """Split option 77 by RFC 3004's lengths; whole, if it is not framed like that."""
    names = []
    at = 0
    while at < len(value):
        stop = at + 1 + value[at]
        names.append(value[at + 1 : stop])
        at = stop
    return tuple(names) if at == len(value) and names else (value,)


@dataclass(frozen=True, slots=True)
class Features:
    """What an iPXE can do, from option 175 (ipxe src/include/ipxe/features.h)."""

    http: bool = False
    bzimage: bool = False
    efi: bool = False

    def lacking(self, family: Family) -> str:
        """Name what it lacks to boot a kernel over HTTP; empty if nothing.

        A BIOS iPXE boots bzImage kernels, a UEFI one boots EFI images; for other
        firmware HTTP is all that is asked.
        """
        lacks = [] if self.http else ["HTTP"]
        if family is Family.BIOS and not self.bzimage:
            lacks.append("bzImage")
        if family is Family.UEFI and not self.efi:
            lacks.append("EFI")
        return " and ".join(lacks)


def features(value: bytes | None) -> Features:
    """Read option 175; a missing or malformed one tells of no feature."""
    if value is None:
        return Features()
    try:
        inner = encapsulated(value)
    except WireError:
        return Features()
    return Features(
        http=any(inner.get(0x13, b"")),
        bzimage=any(inner.get(0x18, b"")),
        efi=any(inner.get(0x24, b"")),
    )


def client_fields(options: Options, chaddr: bytes = b"") -> dict[str, str]:
    """Return what a client says of itself: its UUID, vendor class, architecture and name."""
    found = {}
    uuid = _raw_uuid(options)
    if uuid:
        found["uuid"] = _uuid(uuid)
    for name, code in (("vendor_class", Option.VENDOR_CLASS), ("hostname", Option.HOST_NAME)):
        if code in options:
            found[name] = options[code].decode("ascii", "replace")
    row = architecture(options, chaddr)
    if isinstance(row, Architecture):
        found["architecture"] = row.name
    return found


def uuids(options: Options) -> frozenset[str]:
    """Return the client's UUID, spelt in each of the two ways that option 97 is sent in.

    Firmware copies it out of the SMBIOS; iPXE turns it into network order.
    """
    raw = _raw_uuid(options)
    return frozenset((_uuid(raw), str(UUID(bytes=raw)))) if raw else frozenset()


def _raw_uuid(options: Options) -> bytes:
    value = options.get(Option.CLIENT_UUID, b"")
    # Type 0 (RFC 4578 section 2.3).
    return value[1:] if len(value) == 17 and value[0] == 0 else b""


def _uuid(raw: bytes) -> str:
    """Spell a UUID as SMBIOS means it: the first three parts are little-endian."""
    return str(UUID(bytes_le=raw))
