"""How a connection moves: whose turn it is, since when it is still, and how fast it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from struct import Struct
from typing import Final

_TCP_INFO: Final = Struct("=24xI92xQQ8xI")
"""Of linux/tcp.h's ``struct tcp_info``: unacked, bytes_acked, bytes_received, notsent_bytes; all
of them since Linux 4.6."""
TCP_INFO_SIZE: Final = _TCP_INFO.size

ENOUGH: Final = 0.25
"""Seconds that have to pass before a speed is measured; a client may pause for less."""


class Turn(Enum):
    """Who has to do something on a connection."""

    OURS = auto()
    """A request is whole, and nothing of its answer is under way."""
    TO_READ = auto()
    """Bytes are under way that the client has not taken."""
    TO_WRITE = auto()
    """A request is under way, and its body is not whole."""
    TO_ASK = auto()
    """Nothing is asked."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the kernel knows of a connection.

    Attributes:
        taken: Bytes that the client has acknowledged.
        given: Bytes that it has sent.
        waiting: Whether there are bytes that it has not acknowledged.
    """

    taken: int
    given: int
    waiting: bool


def line(info: bytes) -> Line | None:
    """Read the kernel's ``struct tcp_info``; None if it is an older one."""
    if len(info) < TCP_INFO_SIZE:
        return None
    unacked, taken, given, unsent = _TCP_INFO.unpack_from(info)
    return Line(taken, given, bool(unacked or unsent))


def turn(waiting: bool, asked: bool, whole: bool) -> Turn:
    """Tell whose turn it is.

    Args:
        waiting: There are bytes that the client has not taken.
        asked: A request is in hand.
        whole: So is its body.
    """
    if waiting:
        return Turn.TO_READ
    if not asked:
        return Turn.TO_ASK
    return Turn.OURS if whole else Turn.TO_WRITE


class Pace:
    """Keeps how a connection moves; told the time, in seconds.

    Attributes:
        given: Bytes that the client had sent at the last look.

    Args:
        now: When it began.
    """

    __slots__ = ("_at", "_done", "_looked", "_since", "_speed", "_turn", "_was", "given")

    def __init__(self, now: float) -> None:
        self._turn = Turn.TO_ASK
        self._since = self._at = now
        self._done: int | None = None
        self._was = 0
        self.given = 0
        self._speed = 0.0
        self._looked = False

    def look(self, whose: Turn, line: Line, now: float) -> None:
        """Note how it is now."""
        # Bytes that it sends do not count while it takes none, nor the other way round.
        done = line.taken if whose is Turn.TO_READ else line.given
        if whose is not self._turn or done != self._done or whose is Turn.OURS:
            self._since = now
        self._turn, self._done = whose, done
        self.given = line.given
        moved = line.taken + line.given
        passed = now - self._at
        if passed >= ENOUGH:
            # Not of the time before the first look, in which buffers were filled.
            self._speed = (moved - self._was) / passed if self._looked else 0.0
            self._at, self._was, self._looked = now, moved, True

    @property
    def turn(self) -> Turn:
        """Whose turn it was at the last look."""
        return self._turn

    @property
    def speed(self) -> float:
        """Bytes a second before the last look; endless while it is our turn.

        None until it was looked at twice: whoever asks has its buffers filled at once.
        """
        return inf if self._turn is Turn.OURS else self._speed

    def still(self, now: float) -> float:
        """Return for how many seconds it has not done what is its to do."""
        return now - self._since
