"""What an API server has answered, and when it may be asked again. The time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyxie.bootapi.answer import Answer
from pyxie.bounded import note
from pyxie.bounds import BOOT_API_LANE, BOOT_API_MACHINES, BOOT_API_RATE
from pyxie.rate import TokenBuckets

FRESH: Final = 20.0
"""Seconds within which DHCP does not ask anew about a machine that boots."""
HELD: Final = 600.0
"""Seconds for which that is gone by while it is asked anew, or cannot be."""
REFUSED: Final = 5.0
"""Seconds within which it is not asked again about a machine that it has nothing for."""
FAILED: Final = 1.0
"""The same, of one that it gave no answer about."""
MOST: Final = BOOT_API_MACHINES.whole
"""Machines of each kind that are remembered."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No boot for a machine.

    Attributes:
        why: As ``answers 404``.
        certain: The server has said so, rather than failed to say anything.
    """

    why: str
    certain: bool = True


class Memory:
    """Answers by MAC address; bounded, and one kind of answer cannot drive out the other."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._answers: dict[str, tuple[Answer, float]] = {}
        self._nothings: dict[str, tuple[Nothing, float]] = {}

    def known(self, mac: str, now: float) -> Answer | Nothing | None:
        """Return what to go by without asking; None if that is nothing at all."""
        answer, at = self._answers.get(mac, (None, 0.0))
        if answer is not None and now - at < HELD:
            return answer
        nothing, at = self._nothings.get(mac, (None, 0.0))
        return nothing if nothing is not None and now - at < HELD else None

    def macs(self) -> tuple[str, ...]:
        """Return those of machines that it boots, or has a moment ago."""
        return tuple(self._answers)

    def is_due(self, mac: str, now: float, fresh: float = FRESH) -> bool:
        """Tell whether to ask about a machine.

        Args:
            mac: Whose.
            now: Seconds, monotonic.
            fresh: For how long an answer that it boots is good, in seconds.
        """
        if mac in self._answers:
            # A failure since then counts in the pace, for all machines.
            return now - self._answers[mac][1] >= fresh
        if mac in self._nothings:
            nothing, at = self._nothings[mac]
            return now - at >= (REFUSED if nothing.certain else FAILED)
        return True

    def learn(self, mac: str, said: Answer | Nothing, now: float) -> None:
        """Note the answer to a request; a failure does not undo an earlier answer."""
        if isinstance(said, Answer):
            self._nothings.pop(mac, None)
            BOOT_API_MACHINES.reached(note(self._answers, mac, (said, now), self._most))
            return
        if said.certain:
            self._answers.pop(mac, None)
        BOOT_API_MACHINES.reached(note(self._nothings, mac, (said, now), self._most))

    def __len__(self) -> int:
        return len(self._answers) + len(self._nothings)


LANE: Final = BOOT_API_LANE.whole
"""Questions at a time for DHCP, and as many for machines that wait for their script."""
RATE: Final = BOOT_API_RATE.most
"""Questions a second; MAC addresses can be made up."""
PATIENCE: Final = 3
"""Failures in a row after which the server counts as dead."""
_LONGEST_PAUSE: Final = 30.0


class Pace:
    """Bounds how often, and how many at a time, an API server is asked."""

    def __init__(self) -> None:
        self._in_hand: dict[str, bool] = {}
        self._buckets = TokenBuckets(RATE, burst=2 * RATE)
        self._failures = 0
        self._resume = 0.0

    @property
    def is_dead(self) -> bool:
        """Whether the server has not answered for a while."""
        return self._failures >= PATIENCE

    def take(self, mac: str, now: float, *, waiting: bool) -> bool:
        """Take a turn, to ask about a machine; False if there is none now.

        Args:
            mac: Whose; one that has a turn gets no second.
            now: Seconds, monotonic.
            waiting: The machine waits for its script, and has a right before DISCOVERs.
        """
        if mac in self._in_hand or now < self._resume:
            return False
        lane = sum(each is waiting for each in self._in_hand.values())
        if lane >= (1 if self.is_dead else LANE):
            BOOT_API_LANE.reached()
            return False
        if not self._buckets.allow(waiting, now):
            BOOT_API_RATE.reached()
            return False
        self._in_hand[mac] = waiting
        return True

    def give(self, mac: str, now: float, *, failed: bool) -> None:
        """Give the turn back; after failures, wait longer and longer before the next."""
        self._in_hand.pop(mac, None)
        if not failed:
            self._failures, self._resume = 0, 0.0
            return
        self._failures += 1
        if self.is_dead:
            doubled = 2.0 ** min(self._failures - PATIENCE, 10)
            self._resume = now + min(doubled, _LONGEST_PAUSE)

    def __len__(self) -> int:
        return len(self._in_hand)
