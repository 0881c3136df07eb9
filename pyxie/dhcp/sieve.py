"""What the kernel is told of the known machines, so that a flood of others reaches nobody's queue.

Two raw sockets hear port 67: one gets what may be of a known machine, the other all the rest. Who
may be known is told by four bits of a block of 64, a Bloom filter in blocks: which block and which
bits, is by a hash of the MAC. It is a program of classic BPF (linux/filter.h), which a flood cannot
fill; of strangers few pass. That may have 4,096 instructions, four of them for each block, and the
kernel keeps it in `net.core.optmem_max` bytes, 20 KiB until Linux 6.8, where half as many blocks
have room. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from pyxie.dhcp.bpf import (
    AND,
    GO,
    IF_ANY_OF_X,
    IF_AT_LEAST,
    IF_EQUAL,
    LEFT_BY_X,
    LOAD,
    LOAD_HALF,
    LOAD_HEADER,
    LOAD_LENGTH,
    LOAD_MEMORY,
    LOAD_WORD,
    LOAD_X,
    MINUS_X,
    OR_X,
    RETURN,
    RIGHT,
    STORE,
    STORE_X,
    TIMES,
    TO_X,
    WHOLE,
    X_OF_MEMORY,
    XOR_X,
    Instruction,
    compiled,
)
from pyxie.dhcp.decide import Port

MOST: Final = 1000
"""Blocks, of which a program has room."""
FEWEST: Final = 15
"""Blocks of the smallest sieve, for a kernel that has no room for more."""

Block: TypeAlias = tuple[int, int]
"""Two words of 32 bits; a machine has two in each."""

_ALL: Final = 0xFFFFFFFF
_NONE: Final = 0, 0
_BITS: Final = (27, 22), (17, 12)
"""Where in a hash the numbers of a machine's bits begin, of each word."""
_HALF: Final = 16

_DESTINATION: Final = 2
"""In UDP's header."""
_CHADDR: Final = 8 + 28
_END_OF_CHADDR: Final = _CHADDR + 6
_FARTHEST: Final = 255
"""Instructions that a conditional jump may skip."""
_MIXED, _WHICH, _FIRST, _SECOND, _KEPT = range(5)
"""What is where in the program's memory."""


class Sieve:
    """Which MAC addresses may be known: never one that is not told to, of the others some.

    Attributes:
        blocks: Its bits: one for each machine, as far as there is room.

    Args:
        macs: Six bytes each.
        secret: An odd number below 2^32 that nobody on the network knows, or a flood could be
            made of addresses that pass.
        most: Blocks at most.
    """

    def __init__(self, macs: Iterable[bytes], secret: int, most: int = MOST) -> None:
        known = tuple(macs)
        self._secret = secret
        self._count = max(1, min(most, len(known)))
        blocks = [_NONE] * self._count
        for mac in known:
            at, first, second = self._place(mac)
            low, high = blocks[at]
            blocks[at] = low | first, high | second
        self.blocks: tuple[Block, ...] = tuple(blocks)
        self._tree: list[Instruction] = []

    def passes(self, mac: bytes) -> bool:
        """Tell whether a client may be known."""
        at, first, second = self._place(mac)
        low, high = self.blocks[at]
        return first & ~low == 0 and second & ~high == 0

    def _place(self, mac: bytes) -> tuple[int, int, int]:
        """Return which block is a machine's, and its bits in each word of that."""
        secret = self._secret
        first = int.from_bytes(mac[:2]) * secret & _ALL
        mixed = (first ^ int.from_bytes(mac[2:6])) * secret & _ALL
        again = (mixed ^ mixed >> _HALF) * secret & _ALL
        return (
            (mixed >> _HALF) * self._count >> _HALF,
            1 << (again >> 27) | 1 << (again >> 22 & 31),
            1 << (again >> 17 & 31) | 1 << (again >> 12 & 31),
        )

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
        tree = self._tree = self._tree or _tree(self.blocks, 0)
        yes = Instruction(RETURN, k=WHOLE if known else 0)
        no = Instruction(RETURN, k=0 if known else WHOLE)
        # Accumulator and X have the bits that a block lacks: is one of the machine's among them?
        test = [
            Instruction(STORE_X, k=_KEPT),
            Instruction(X_OF_MEMORY, k=_FIRST),
            Instruction(IF_ANY_OF_X, 4, 0),
            Instruction(LOAD_MEMORY, k=_KEPT),
            Instruction(X_OF_MEMORY, k=_SECOND),
            Instruction(IF_ANY_OF_X, 1, 0),
            yes,
            no,
        ]
        ends = {_TEST: 0, _NO: test.index(no)}
        placed = (
            Instruction(GO, k=len(tree) - at - 1 + ends[each.k]) if each.code == _LEAF else each
            for at, each in enumerate(tree)
        )
        head = [
            Instruction(LOAD_HEADER),
            Instruction(LOAD_HALF, k=_DESTINATION),
            Instruction(IF_EQUAL, 1, 0, port),
            Instruction(RETURN),
            Instruction(LOAD_LENGTH),
            Instruction(MINUS_X),
            Instruction(IF_AT_LEAST, 1, 0, _END_OF_CHADDR),
            no,
        ]
        return [*head, *self._places(), *placed, *test]

    def _places(self) -> Iterator[Instruction]:
        """Yield what does as `_place`: the number of the block is left in the accumulator."""
        yield Instruction(LOAD_HALF, k=_CHADDR)
        yield Instruction(TIMES, k=self._secret)
        yield Instruction(STORE, k=_MIXED)
        yield Instruction(LOAD_WORD, k=_CHADDR + 2)
        yield Instruction(X_OF_MEMORY, k=_MIXED)
        yield Instruction(XOR_X)
        yield Instruction(TIMES, k=self._secret)
        yield Instruction(STORE, k=_MIXED)
        yield Instruction(RIGHT, k=_HALF)
        yield Instruction(TO_X)
        yield Instruction(TIMES, k=self._count)
        yield Instruction(RIGHT, k=_HALF)
        yield Instruction(STORE, k=_WHICH)
        yield Instruction(LOAD_MEMORY, k=_MIXED)
        yield Instruction(XOR_X)
        yield Instruction(TIMES, k=self._secret)
        yield Instruction(STORE, k=_MIXED)
        yield from _bits(_BITS[0], _FIRST)
        yield from _bits(_BITS[1], _SECOND)
        yield Instruction(LOAD_MEMORY, k=_WHICH)


def _bits(begin: Sequence[int], into: int) -> Iterator[Instruction]:
    """Yield what puts two bits into the memory, by where in the hash their numbers begin."""
    for at in begin:
        yield Instruction(LOAD_MEMORY, k=_MIXED)
        yield Instruction(RIGHT, k=at)
        yield Instruction(AND, k=31)
        yield Instruction(TO_X)
        yield Instruction(LOAD, k=1)
        yield Instruction(LEFT_BY_X)
        if at != begin[0]:
            yield Instruction(X_OF_MEMORY, k=into)
            yield Instruction(OR_X)
        yield Instruction(STORE, k=into)


_LEAF, _TEST, _NO = -1, 0, 1
"""No instruction, and what such a one means: where it is to go."""


def _tree(blocks: Sequence[Block], first: int) -> list[Instruction]:
    """Return what goes by the accumulator, a block's number, to what the block means."""
    if not any(low or high for low, high in blocks):
        return [Instruction(_LEAF, k=_NO)]
    if len(blocks) == 1:
        low, high = blocks[0]
        return [
            Instruction(LOAD, k=_ALL ^ low),
            Instruction(LOAD_X, k=_ALL ^ high),
            Instruction(_LEAF, k=_TEST),
        ]
    middle = len(blocks) // 2
    below, above = _tree(blocks[:middle], first), _tree(blocks[middle:], first + middle)
    return [*_branch(first + middle, len(below)), *below, *above]


def _branch(at: int, skipped: int) -> Iterator[Instruction]:
    """Yield what skips so many instructions, if the accumulator is ``at`` or more."""
    if skipped <= _FARTHEST:
        yield Instruction(IF_AT_LEAST, skipped, 0, at)
    else:
        yield Instruction(IF_AT_LEAST, 0, 1, at)
        yield Instruction(GO, k=skipped)
