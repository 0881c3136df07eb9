"""Classic BPF, in which the kernel is told what to pass to a socket (linux/filter.h). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

_CODE: Final = Struct("=HBBI")
INSTRUCTION: Final = _CODE.size
"""Bytes."""
LOAD_HEADER: Final = 0xB1  # X = 4 * (byte & 0xF)
LOAD_LENGTH, LOAD, LOAD_MEMORY, TO_X = 0x80, 0x00, 0x60, 0x07
LOAD_X, X_OF_MEMORY, STORE_X = 0x01, 0x61, 0x03
BYTE_AT, HALF_AT, WORD_AT = 0x30, 0x28, 0x20  # at k, big endian; past the end ends it with a drop
LOAD_BYTE, LOAD_HALF, LOAD_WORD = 0x50, 0x48, 0x40  # the same at X + k
STORE, AND, RIGHT, LEFT_BY_X = 0x02, 0x54, 0x74, 0x6C
TIMES, MINUS_X, XOR_X, OR_X = 0x24, 0x1C, 0xAC, 0x4C
GO, IF_EQUAL, IF_AT_LEAST, IF_BIT, IF_ANY_OF_X, RETURN = 0x05, 0x15, 0x35, 0x45, 0x4D, 0x06
WHOLE: Final = 0x40000
"""Bytes of a packet that are passed, and so all of it."""

PROTOCOL, PACKET_TYPE, VLAN_TAG = 0xFFFFF000, 0xFFFFF000 + 4, 0xFFFFF000 + 48
"""Where WORD_AT finds what the kernel knows beside the bytes (SKF_AD_OFF): the type of the
Ethernet frame, whether it is going out, and whether it had a VLAN's tag."""


class Instruction(NamedTuple):
    """One of them: code, jumps if true and if not, and a constant."""

    code: int
    true: int = 0
    false: int = 0
    k: int = 0


def compiled(program: Iterable[Instruction]) -> bytes:
    """Return a program as an array of `sock_filter`."""
    return b"".join(_CODE.pack(*each) for each in program)
