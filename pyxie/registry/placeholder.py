"""Identities that firmware gives whole product lines: what nobody has filled in. Pure.

SMBIOS leaves serial number, asset tag and UUID to the maker of the board (DSP0134 section 7.2), and
many leave the text of the reference firmware. Two machines with one of these are not the same.
"""

from __future__ import annotations

import re
from typing import Final

_UUIDS: Final = frozenset(
    (
        # AMI's reference firmware, as it is and with its first three parts in the other order.
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
        # Bytes counted upwards, as they are and swapped.
        "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "03020100-0504-0706-0809-0a0b0c0d0e0f",
        "12345678-1234-5678-90ab-cddeefaabbcc",
        "78563412-3412-7856-90ab-cddeefaabbcc",
        "12345678-1234-1234-1234-123456789abc",
        "78563412-3412-3412-1234-123456789abc",
        # Dell's, of a board without a service tag.
        "4c4c4544-0020-2010-8020-80c04f202020",
        "44454c4c-2000-1020-8020-80c04f202020",
        # SolidRun's LX2160A, before its firmware of 2021.
        "8a95d198-7f46-11e5-bf8b-08002704d48e",
        "98d1958a-467f-e511-bf8b-08002704d48e",
    )
)

_TEXTS: Final = frozenset(
    (
        *("to be filled by o.e.m", "to be filled by oem", "to be filled", "tbd", "o.e.m", "oem"),
        *("default", "default string", "default_string", "defaultstring", "standard", "sample"),
        *("system serial number", "chassis serial number", "base board serial number"),
        *("serial number", "serial", "serialnumber", "sn", "s/n", "oem serial", "no serial"),
        *("asset tag", "chassis asset tag", "no asset tag", "no asset information", "assettag"),
        *("asset-1234567890", "base board asset tag", "oem asset", "no chassis asset tag"),
        *("not specified", "not available", "not applicable", "not set", "not provided", "n/a"),
        *("na", "none", "null", "nil", "unknown", "undefined", "unspecified", "invalid", "empty"),
        *("test", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789"),
        *("1234567890", "0123456789", "01234567890123456789", "123456789012345", "abcdefgh"),
        *("0123456789abcdef", "123456789abcdef", "to be assigned", "reserved", "system asset tag"),
    )
)

_NO_NAMES: Final = frozenset(
    (
        *("localhost", "localhost4", "localhost6", "(none)", "none", "null", "nil", "unknown"),
        *("default", "hostname", "unset", "undefined", "noname", "no-name", "not set"),
    )
)
"""What systems send in option 12 that were given no name; Linux's own is ``(none)``."""

_HOST_NAME: Final = 12
_CLIENT_ID: Final = 61
_CLIENT_UUID: Final = 97

_SPACES: Final = re.compile(r"\s+")
_MARKS: Final = " .-_*"
_FEW: Final = 3
_FEWEST: Final = 4
_MAC_SIZE: Final = 6
_UUID_SIZE: Final = 16


def is_placeholder_uuid(uuid: str) -> bool:
    """Tell whether a UUID is none of a machine's own.

    Args:
        uuid: As RFC 9562 spells it, in either order of bytes; letter case does not matter.
    """
    digits = uuid.lower().replace("-", "")
    return uuid.lower() in _UUIDS or len(set(digits)) <= 1 or len(set(_bytes(digits))) <= 1


def is_placeholder(text: str) -> bool:
    """Tell whether a serial number or an asset tag is one that nobody has filled in.

    Args:
        text: As iPXE reads it. Nothing but marks or noughts, or one letter over and over, says
            as little as a text of the reference firmware.
    """
    plain = _SPACES.sub(" ", text.strip().lower()).strip(_MARKS)
    letters = set(plain) - set(_MARKS)
    repeated = len(letters) == 1 and len(plain) > _FEW
    return plain in _TEXTS or letters <= {"0"} or repeated


def is_placeholder_name(name: str) -> bool:
    """Tell whether a hostname, as of option 12, is one that systems have which were given none."""
    return name.strip().lower().partition(".")[0] in _NO_NAMES or not name.strip(" .")


def is_placeholder_id(value: bytes) -> bool:
    """Tell whether a relay agent's circuit or remote id says nothing.

    Args:
        value: A sub-option of option 82. Four or more bytes that are all 0 or all 255 are an
            address or a number that nobody has set; fewer may be port 0.
    """
    text = value.rstrip(b"\0").decode("utf-8", "replace").strip().lower()
    if len(value) >= _FEWEST and set(value) in ({0}, {255}):
        return True
    return not value or text in _NO_NAMES


def is_placeholder_option(code: int, value: bytes) -> bool:
    """Tell whether a DHCP option that says who a client is says nothing.

    Args:
        code: 12, the hostname; 61, the client identifier, of type 0 and a UUID or of type 1 and a
            MAC (RFC 2132 section 9.14); 97, the UUID. Others are for classes of machines as well.
        value: Its bytes.
    """
    if code == _HOST_NAME:
        return is_placeholder_name(value.rstrip(b"\0").decode("ascii", "replace"))
    if code not in (_CLIENT_ID, _CLIENT_UUID):
        return False
    kind, rest = value[:1], value[1:]
    if kind == b"\0" and len(rest) == _UUID_SIZE:
        return is_placeholder_uuid(_uuid(rest))
    return code == _CLIENT_ID and len(rest) == _MAC_SIZE and set(rest) in ({0}, {255})


def _uuid(value: bytes) -> str:
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _bytes(digits: str) -> list[str]:
    return [digits[at : at + 2] for at in range(0, len(digits), 2)]
