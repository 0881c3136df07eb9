"""Clients in lock-step, as many as have been heard at once. Pure.

Such a client says the one thing that is expected of it, the ACK of the block that is out, but once
in some forty blocks. So what a whole batch of them said is compared with that, and answered with
what lies ready in the run; to ask their transfers takes ten times as long. Whatever is not as
expected is left to these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from pyxie.tftp.framing import PIECE, Run
from pyxie.tftp.packet import WIRE_NUMBERS, acked

NOWHERE: Final = Run(b"")
"""The run of who is not in step."""


class Steps:
    """Where one transfer is within a run, if it is in step.

    Attributes:
        run: In which the block is that is out; `NOWHERE` while it is not in step.
        acks: As `Run.steps`, and
        pieces: as `Run.pieces` of that run.
        at: Which of the run's packets is out, and
        told: which of them that was when the transfer heard of it last.
        went_at: When it went out: seconds; endless where the transfer alone knows.
        before: When the one before it did; likewise.
    """

    __slots__ = ("acks", "at", "before", "pieces", "run", "told", "went_at")

    def __init__(self) -> None:
        self.fall_out()

    def fall_in(self, run: Run, start: int, address: int) -> None:
        """Be in step from now on: what begins at ``start`` in a run is out.

        Args:
            run: Of some client's.
            start: In bytes.
            address: Where the run's bytes are in memory.
        """
        self.run = run
        self.at = self.told = start // run.packet
        self.acks, self.pieces = run.in_steps(address), run.pieces
        self.before = self.went_at = math.inf

    def fall_out(self) -> None:
        """Be in step no more."""
        self.run = NOWHERE
        self.at = self.told = 0
        self.acks, self.pieces = NOWHERE.steps, NOWHERE.pieces
        self.before = self.went_at = math.inf

    def answer(self, datagram: bytes, now: float) -> bytes:
        """Move on if this was expected, and return the piece that is out then; else nothing."""
        at = self.at
        if datagram != self.acks[at]:
            return b""
        self.at = at + 1
        self.before, self.went_at = self.went_at, now
        return self.pieces[at]

    def ignores(self, datagram: bytes) -> bool:
        """Tell whether it changes nothing: the ACK of another block than the one that is out.

        A cable that doubles brings those, and so does a client that was sent something twice. To
        answer them would be the Sorcerer's Apprentice bug (RFC 1123 section 4.2.3.1).
        """
        if self.run is NOWHERE:
            return False
        number = acked(datagram)
        return number is not None and number != (self.run.first + self.at) % WIRE_NUMBERS

    def untold(self) -> tuple[int, float, float] | None:
        """Return what the transfer does not know yet.

        Returns:
            Which block is out, when it went out, and in how many seconds the one before it was
            answered, which is not above 0 where nobody knows.
        """
        if self.at == self.told:
            return None
        self.told = self.at
        return self.run.first + self.at, self.went_at, self.went_at - self.before

    def place(self, piece: bytes) -> tuple[int, int, int]:
        """Return where in the run a piece begins, its length, and its block's number."""
        address, length = PIECE.unpack(piece)
        start: int = address - self.run.address
        return start, length, self.run.first + start // self.run.packet


_STRANGER: Final = Steps()
"""Of whom nothing is expected."""


def answers(
    steps: Mapping[bytes, Steps], names: Sequence[bytes], datagrams: Sequence[bytes], now: float
) -> tuple[Sequence[bytes], list[bytes], list[tuple[bytes, bytes]]]:
    """Move on all who said what was expected of them.

    Args:
        steps: Where they are, by their names.
        names: Who said something, and
        datagrams: what.
        now: The time at which they are answered, at once.

    Returns:
        Whom to send, which piece of memory to each, and what else was said that may mean something,
        by whom. The first of these is ``names`` itself, if all are to be sent something.
    """
    get, stranger = steps.get, _STRANGER
    if len(names) == 1:
        [name], [datagram] = names, datagrams
        of = get(name, stranger)
        piece = of.answer(datagram, now)
        if piece:
            return names, [piece], []
        return [], [], [] if of.ignores(datagram) else [(name, datagram)]
    pieces = [
        get(name, stranger).answer(datagram, now)
        for name, datagram in zip(names, datagrams, strict=True)
    ]
    if all(pieces):
        return names, pieces, []
    to = [name for name, piece in zip(names, pieces, strict=True) if piece]
    said = zip(names, datagrams, pieces, strict=True)
    rest = [
        (name, datagram)
        for name, datagram, piece in said
        if not piece and not get(name, stranger).ignores(datagram)
    ]
    return to, [piece for piece in pieces if piece], rest
