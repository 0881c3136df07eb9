"""What the kernel is told of the known machines, so that a flood of others reaches nobody's queue.

Two raw sockets hear port 67: one gets what may be of a known machine, the other all the rest. Who
may be known is a bit by a hash of the MAC, in a classic BPF program (linux/filter.h), which a flood
cannot fill: of strangers some in a hundred pass. A program may have 4,096 instructions, and the
kernel keeps it in `net.core.optmem_max` bytes, 20 KiB until Linux 6.8. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pyxie.dhcp.bpf import (
    AND,
    GO,
    IF_AT_LEAST,
    IF_BIT,
    IF_EQUAL,
    LOAD,
    LOAD_HALF,
    LOAD_HEADER,
    LOAD_LENGTH,
    LOAD_MEMORY,
    LOAD_WORD,
    MINUS_X,
    RETURN,
    RIGHT,
    RIGHT_BY_X,
    STORE,
    TIMES,
    TO_X,
    WHOLE,
    X_OF_MEMORY,
    XOR_X,
    Instruction,
    compiled,
)
from pyxie.dhcp.decide import Port

BITS: Final = 14
"""Of the hash: 16,384 bits are a program of at most some 1,600 instructions, 12 KiB."""
FEWEST: Final = 10
"""Bits of the smallest sieve, for a kernel that has no room for more."""
_WORD: Final = 5
"""A leaf of the program tells of 2^5 bits."""
_ALL: Final = (1 << (1 << _WORD)) - 1

_DESTINATION: Final = 2
"""In UDP's header."""
_CHADDR: Final = 8 + 28
_END_OF_CHADDR: Final = _CHADDR + 6
_FARTHEST: Final = 255
"""Instructions that a conditional jump may skip."""


class Sieve:
    """Which MAC addresses may be known: never one that is not told to, of the others some.

    Args:
        macs: Six bytes each.
        secret: An odd number below 2^32 that nobody on the network knows, or a flood could be
            made of addresses that pass.
        bits: Of the hash.
    """

    def __init__(self, macs: Iterable[bytes], secret: int, bits: int = BITS) -> None:
        self._secret = secret
        self.bits = bits
        words = [0] * (1 << (bits - _WORD))
        for mac in macs:
            hashed = self._hash(mac)
            words[hashed >> _WORD] |= 1 << (hashed & 31)
        self.words = tuple(words)

    def passes(self, mac: bytes) -> bool:
        """Tell whether a client may be known."""
        hashed = self._hash(mac)
        return bool(self.words[hashed >> _WORD] >> (hashed & 31) & 1)

    def _hash(self, mac: bytes) -> int:
        first = int.from_bytes(mac[:2]) * self._secret & 0xFFFFFFFF
        mixed = (first ^ int.from_bytes(mac[2:6])) * self._secret & 0xFFFFFFFF
        return mixed >> (32 - self.bits)

    def program(self, port: Port, *, known: bool) -> bytes:
        """Return what has the kernel pass UDP to ``port``, as an array of `sock_filter`.

        Args:
            port: The destination.
            known: Pass what may be of a known machine; else what is not, or is cut off before it
                tells. Each packet is passed by one of the two.
        """
        return compiled(self.instructions(port, known=known))

    def instructions(self, port: Port, *, known: bool) -> list[Instruction]:
        """Return the same, to be read."""
        tree = _tree(self.words, 0)
        test = [
            Instruction(RIGHT_BY_X),
            Instruction(IF_BIT, 0, 1, 1),
        ]
        tail = [
            Instruction(RETURN, k=WHOLE if known else 0),
            Instruction(RETURN, k=0 if known else WHOLE),
        ]
        there = [
            Instruction(LOAD_HALF, k=_CHADDR),
            Instruction(TIMES, k=self._secret),
            Instruction(STORE),
            Instruction(LOAD_WORD, k=_CHADDR + 2),
            Instruction(X_OF_MEMORY),
            Instruction(XOR_X),
            Instruction(TIMES, k=self._secret),
            Instruction(RIGHT, k=32 - self.bits),
            Instruction(STORE),
            Instruction(AND, k=31),
            Instruction(TO_X),
            Instruction(LOAD_MEMORY),
            Instruction(RIGHT, k=_WORD),
        ]
        # What a leaf's jump means: by the word that it has loaded, or whatever the bit.
        ends = {_TEST: 0, _YES: len(test), _NO: len(test) + 1}
        placed = [
            Instruction(GO, k=len(tree) - at - 1 + ends[each.k]) if each.code == _LEAF else each
            for at, each in enumerate(tree)
        ]
        head = [
            Instruction(LOAD_HEADER),
            Instruction(LOAD_HALF, k=_DESTINATION),
            Instruction(IF_EQUAL, 1, 0, port),
            Instruction(RETURN),
            Instruction(LOAD_LENGTH),
            Instruction(MINUS_X),
            Instruction(IF_AT_LEAST, 1, 0, _END_OF_CHADDR),
            tail[1],
        ]
        return [*head, *there, *placed, *test, *tail]


_LEAF, _TEST, _YES, _NO = -1, 0, 1, 2


def _tree(words: tuple[int, ...], first: int) -> list[Instruction]:
    """Return what goes by the accumulator, a word's number, to the end that the word means."""
    if not any(words):
        return [Instruction(_LEAF, k=_NO)]
    if all(word == _ALL for word in words):
        return [Instruction(_LEAF, k=_YES)]
    if len(words) == 1:
        return [Instruction(LOAD, k=words[0]), Instruction(_LEAF, k=_TEST)]
    middle = len(words) // 2
    low, high = _tree(words[:middle], first), _tree(words[middle:], first + middle)
    return [*_branch(first + middle, len(low)), *low, *high]


def _branch(at: int, skipped: int) -> Iterator[Instruction]:
    """Yield what skips so many instructions, if the accumulator is ``at`` or more."""
    if skipped <= _FARTHEST:
        yield Instruction(IF_AT_LEAST, skipped, 0, at)
    else:
        yield Instruction(IF_AT_LEAST, 0, 1, at)
        yield Instruction(GO, k=skipped)
