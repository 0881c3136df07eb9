"""DATA packets as they go out, back to back: made once for all who load a file by one block size.

A hall loads one loader, and firmware of one kind asks for blocks of one size. To read a window and
to put a header before each of its blocks takes several times as long as to send it.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Final, Protocol

from pyxie.bounds import TFTP_FRAMES
from pyxie.tftp.packet import ack, data_header

PIECE: Final = struct.Struct("@PN")
"""Where something is in memory, and how long it is, as the kernel takes it: struct iovec."""
_TOGETHER: Final = 128 << 10
"""Bytes of content that are framed at once; most windows are a part of one such run."""
_BLOCKS: Final = 512
"""The most blocks of one: who asks for tiny ones is not to hold the others up."""


class Run:
    """Packets back to back.

    Attributes:
        data: Their bytes.
        first: The number of the first one's block, and
        packet: the length of each but the last, if blocks are what they are.
        steps: Of each packet the ACK that calls for the one behind it, if both are full; else
            `None`, which no client says.
        pieces: Of each of these the packet behind it, as `PIECE`.
        address: Where the bytes are in memory, once somebody has asked for it; 0 before.
    """

    __slots__ = ("address", "data", "first", "packet", "pieces", "steps")

    def __init__(self, data: bytes, first: int = 0, packet: int = 0) -> None:
        self.data = data
        self.first = first
        self.packet = packet
        self.steps: list[bytes | None] = [None]
        self.pieces: list[bytes] = []
        self.address = 0

    def at(self, address: int) -> int:
        """Note where the bytes are, and return it."""
        self.address = address
        return address

    def in_steps(self, address: int) -> list[bytes | None]:
        """Return the steps, made at the first call; there are none once it is forgotten.

        Args:
            address: Where the bytes are in memory.
        """
        if not self.pieces and self.data:
            packet = self.packet
            full, rest = divmod(len(self.data), packet)
            steps = range(full - 1)
            self.steps = [ack(self.first + at) for at in steps] + [None] * (2 if rest else 1)
            self.pieces += [PIECE.pack(address + (at + 1) * packet, packet) for at in steps]
        return self.steps

    def forget(self) -> None:
        """Let go of the bytes, whoever may hold it still."""
        self.data, self.address = b"", 0
        self.steps[:] = [None] * len(self.steps)  # somebody may be at any of them


class Blocks(Protocol):
    """What is asked of a `pyxie.tftp.files.Content`."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes | bytearray | memoryview:
        """As `pyxie.tftp.files.Content.read`, whose errors are raised here too."""
        ...


class Frames:
    """Those of one content, for as long as it is open; some are forgotten, and made anew.

    Args:
        content: What is sent.
        kept: The runs of all contents, the oldest first.
    """

    __slots__ = ("_content", "_kept", "_runs")

    def __init__(self, content: Blocks, kept: Kept) -> None:
        self._content = content
        self._kept = kept
        self._runs: dict[int, Run] = {}

    def of(self, blksize: int, first: int, count: int) -> tuple[Run, int, int, int]:
        """Return packets: in what, where they begin there, their bytes, how many: one at least.

        Args:
            blksize: Bytes of content a block.
            first: The first block's number, counted from 1 without wrapping.
            count: How many are wanted.
        """
        # A block is shorter than 64 KiB (RFC 2348), so two at least are framed together.
        together = min(_TOGETHER // blksize, _BLOCKS)
        at, within = divmod(first - 1, together)
        key = at << 16 | blksize
        made = self._runs.get(key)
        if made is None:
            made = self._made(blksize, at * together + 1, together)
            self._runs[key] = made
            self._kept.note(self, key)
        if count > together - within:
            count = together - within
        packet = blksize + 4
        start, length, whole = within * packet, count * packet, len(made.data)
        return made, start, length if start + length <= whole else whole - start, count

    def drop(self, key: int) -> None:
        """Forget a run, if it is there."""
        run = self._runs.pop(key, None)
        if run is not None:
            run.forget()

    def clear(self) -> None:
        """Forget all."""
        for key in list(self._runs):
            self.drop(key)

    def _made(self, blksize: int, first: int, count: int) -> Run:
        content = self._content
        offset = (first - 1) * blksize
        data = memoryview(content.read(offset, min(count * blksize, content.size - offset)))
        parts: list[bytes | memoryview] = []
        # One more than is full: a last block that has nothing in it is a packet too.
        for at in range(min(count, len(data) // blksize + 1)):
            parts.append(data_header(first + at))
            parts.append(data[at * blksize : (at + 1) * blksize])
        return Run(b"".join(parts), first, blksize + 4)


class Kept:
    """Which runs there are of all contents, in the order in which they were made.

    Args:
        most: How many are kept; `TFTP_FRAMES` if None.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = TFTP_FRAMES.whole if most is None else most
        self._order: deque[tuple[Frames, int]] = deque()

    def __len__(self) -> int:
        """How many are noted; those of a content that was closed are gone."""
        return len(self._order)

    def note(self, frames: Frames, key: int) -> None:
        """Keep a run, and forget the oldest where there are too many."""
        self._order.append((frames, key))
        while len(self._order) > self._most:
            TFTP_FRAMES.reached()
            oldest, key = self._order.popleft()
            oldest.drop(key)
