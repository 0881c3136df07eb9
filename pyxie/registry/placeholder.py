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

_SPACES: Final = re.compile(r"\s+")
_MARKS: Final = " .-_*"
_FEW: Final = 3


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


def _bytes(digits: str) -> list[str]:
    return [digits[at : at + 2] for at in range(0, len(digits), 2)]
