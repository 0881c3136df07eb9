"""Runs what the kernel is told, as the kernel does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import TypeAlias

ALU: dict[int, Callable[[int, int, int], int]] = {
    0x54: lambda a, _x, k: a & k,
    0x74: lambda a, _x, k: a >> k,
    0x6C: lambda a, x, _k: a << x & 0xFFFFFFFF,
    0x4C: lambda a, x, _k: a | x,
    0x24: lambda a, _x, k: a * k & 0xFFFFFFFF,
    0x1C: lambda a, x, _k: (a - x) & 0xFFFFFFFF,
    0xAC: lambda a, x, _k: a ^ x,
    0x00: lambda _a, _x, k: k,
}
"""What the accumulator becomes, by the opcode (linux/bpf_common.h), of it, X and the constant."""
JUMPS: dict[int, Callable[[int, int], int]] = {
    0x15: lambda a, k: a == k,
    0x35: lambda a, k: a >= k,
    0x45: lambda a, k: a & k,
    0x4D: lambda a, x: a & x,
}
SIZES = {0x50: 1, 0x48: 2, 0x40: 4, 0x30: 1, 0x28: 2, 0x20: 4}
_AT_X = (0x50, 0x48, 0x40)
_BY_X = (0x4D,)


Code: TypeAlias = Sequence[tuple[int, int, int, int]]


def read(program: bytes) -> Code:
    """Return the instructions of a program."""
    return list(Struct("=HBBI").iter_unpack(program))


def passes(program: bytes | Code, packet: bytes, told: Mapping[int, int] | None = None) -> bool:
    """Run a program of classic BPF, of as much as ours use.

    Args:
        program: It, as bytes or as of `read`.
        packet: As the kernel gives it to the socket.
        told: What the kernel knows beside the bytes, by the offsets of `pyxie.dhcp.bpf`.
    """
    code = read(program) if isinstance(program, bytes) else program
    a = x = at = 0
    memory: dict[int, int] = {}
    while True:
        op, true, false, k = code[at]
        at += 1
        if op == 0x06:
            return bool(k)
        if told is not None and k in told:
            a = told[k]
        elif op in SIZES:
            piece = packet[(x if op in _AT_X else 0) + k :][: SIZES[op]]
            if len(piece) < SIZES[op]:
                return False
            a = int.from_bytes(piece)
        elif op in JUMPS:
            at += true if JUMPS[op](a, x if op in _BY_X else k) else false
        elif op == 0x05:
            at += k
        else:
            a, x = moved(op, a, x, k, packet, memory)


def moved(
    op: int, a: int, x: int, k: int, packet: bytes, memory: dict[int, int]
) -> tuple[int, int]:
    """Return what accumulator and X become."""
    match op:
        case 0xB1:
            x = 4 * (packet[k] & 15)
        case 0x80:
            a = len(packet)
        case 0x60:
            a = memory[k]
        case 0x61:
            x = memory[k]
        case 0x01:
            x = k
        case 0x02:
            memory[k] = a
        case 0x03:
            memory[k] = x
        case 0x07:
            x = a
        case _:
            a = ALU[op](a, x, k)
    return a, x
