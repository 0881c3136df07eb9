"""How long a client takes to answer, as one transfer learns it. Pure.

An ACK does not say what it answers: the block that was sent last, or a copy of it that came long
before. The time tells the two apart. RFC 1123 section 4.2.3.2 asks for a time-out that adapts
itself; this is what it adapts itself to.
"""

from __future__ import annotations

import math
from typing import Final

SOONEST: Final = 0.05
"""Seconds; what is not answered is sent again no sooner. Clients pause to write what they have, and
each transfer that waits costs the server a look at the clock so often."""


class RoundTrip:
    """What is known of one client.

    Attributes:
        least: The shortest time in which it answered, in seconds; 0 until it has.
        usual: A time in which it has mostly answered: longer at once, shorter slowly.
        patience: Seconds after which an answer is overdue; endless until it has answered.
    """

    __slots__ = ("least", "patience", "usual")

    def __init__(self) -> None:
        self.least = self.usual = 0.0
        self.patience = math.inf

    def too_soon(self, seconds: float) -> bool:
        """Tell that what comes so long after something was sent is no answer to that."""
        return 4 * seconds < self.least

    def answered(self, seconds: float) -> None:
        """Take note of the first answer to what was sent once, which is of its beginning."""
        if 0.0 < seconds < self.least:
            self.least = seconds

    def took(self, seconds: float) -> None:
        """Take note of an answer to what was sent once; in no time at all, it was not measured."""
        if seconds <= 0.0:
            return
        if not self.least or seconds < self.least:
            self.least = seconds
        usual = self.usual
        self._is_usually(seconds if seconds > usual else usual + (seconds - usual) / 8)

    def took_perhaps(self, seconds: float) -> None:
        """Take note of an answer to what was sent twice, at ``seconds`` ago for the first time.

        Which of the two it answers is not known (Karn's problem). To leave all of these out would
        never notice that a way has become longer; to take them as they are, that it loses some.
        """
        self._is_usually(self.usual + (seconds - self.usual) / 8)

    def _is_usually(self, seconds: float) -> None:
        self.usual = seconds
        self.patience = max(SOONEST, 2 * seconds)
