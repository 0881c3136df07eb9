"""What a UEFI program says of itself: processor, signatures, generation (Microsoft's "PE Format").

Pure: told the bytes. What is malformed is absent, for a loader is the operator's own file, and
firmware has the last word on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from struct import Struct
from typing import Final

_OFFSET_AT: Final = 0x3C
_U32: Final = Struct("<I")
_U16: Final = Struct("<H")
_COFF: Final = Struct("<4sHHIIIHH")
_SECTION: Final = Struct("<8sIIII16x")
_DIRECTORY: Final = Struct("<II")
_CERTIFICATE: Final = Struct("<IHH")
_PE32_PLUS: Final = 0x20B
_DIRECTORIES_AT: Final = {0x10B: 96, _PE32_PLUS: 112}
"""Where the data directories begin within the optional header, by its magic number."""
_SECURITY: Final = 4
"""The data directory of signatures; its address is an offset in the file."""
_PKCS_SIGNED_DATA: Final = 2
_MOST_SIGNATURES: Final = 8
_MOST_SECTIONS: Final = 96
_SBAT_LENGTH: Final = 65_536
_VERSION: Final = re.compile(rb"\0([0-9]{1,3}(?:\.[0-9]{1,3}){2}(?:[+-][0-9A-Za-z.+~-]{1,60})?)\0")


def machine(head: bytes) -> int:
    """Return ``Machine`` of the PE header; 0 if there is none."""
    at = _header(head)
    return int(_COFF.unpack_from(head, at)[1]) if at else 0


@dataclass(frozen=True, slots=True)
class Program:
    """What is known of a program.

    Attributes:
        version: Empty if it says none.
        signatures: PKCS#7 in DER, in their order.
    """

    version: str
    signatures: tuple[bytes, ...] = ()


def read(data: bytes) -> Program:
    """Return what a whole file says; of one that is no PE image, no signatures."""
    at = _header(data)
    if not at:
        return Program(_own_version(data))
    version = _version(_sbat(data, at)) or _own_version(data)
    return Program(version, tuple(_signatures(data, at)))


def _header(data: bytes) -> int:
    """Return where the PE header begins; 0 if there is none."""
    if data[:2] != b"MZ" or len(data) < _OFFSET_AT + _U32.size:
        return 0
    (at,) = _U32.unpack_from(data, _OFFSET_AT)
    whole = at + _COFF.size <= len(data)
    return int(at) if whole and data[at : at + 4] == b"PE\0\0" else 0


def _signatures(data: bytes, at: int) -> list[bytes]:
    """Return the entries of the attribute certificate table that are PKCS#7."""
    optional = at + _COFF.size
    if optional + _U16.size > len(data):
        return []
    begin = _DIRECTORIES_AT.get(_U16.unpack_from(data, optional)[0])
    if begin is None:
        return []
    entry = optional + begin + _SECURITY * _DIRECTORY.size
    if entry + _DIRECTORY.size > len(data):
        return []
    start, size = _DIRECTORY.unpack_from(data, entry)
    stop = min(start + size, len(data))
    found: list[bytes] = []
    while start + _CERTIFICATE.size <= stop and len(found) < _MOST_SIGNATURES:
        length, _, kind = _CERTIFICATE.unpack_from(data, start)
        if length < _CERTIFICATE.size or start + length > stop:
            break
        if kind == _PKCS_SIGNED_DATA:
            found.append(_without_padding(data[start + _CERTIFICATE.size : start + length]))
        start += length + -length % 8
    return found


def _without_padding(der: bytes) -> bytes:
    """Return a DER value without what follows it: signers round it up to eight bytes."""
    if len(der) < 2 or der[1] < 0x80:
        return der[: 2 + der[1]] if len(der) >= 2 else der
    count = der[1] & 0x7F
    return der[: 2 + count + int.from_bytes(der[2 : 2 + count])]


def _sbat(data: bytes, at: int) -> str:
    """Return the section in which shim, GRUB and iPXE have their generations (shim's SBAT.md)."""
    count, size = _COFF.unpack_from(data, at)[2], _COFF.unpack_from(data, at)[6]
    start = at + _COFF.size + size
    for each in range(min(count, _MOST_SECTIONS)):
        place = start + each * _SECTION.size
        if place + _SECTION.size > len(data):
            break
        name, virtual, _, raw, offset = _SECTION.unpack_from(data, place)
        if name == b".sbat\0\0\0":
            length = min(virtual, raw, _SBAT_LENGTH)
            return data[offset : offset + length].rstrip(b"\0").decode("utf-8", "replace")
    return ""


def _version(sbat: str) -> str:
    """Return the package's version: of the last line, which the distribution wrote."""
    lines = [line.split(",") for line in sbat.splitlines()[1:]]
    versions = [line[4].strip() for line in lines if len(line) > 4 and line[4].strip()]
    return versions[-1][:80] if versions else ""


def _own_version(data: bytes) -> str:
    """Return iPXE's version, which stands in it as text unless it is packed, as for BIOS."""
    if b"iPXE" not in data:
        return ""
    found = _VERSION.search(data)
    return found[1].decode() if found else ""
