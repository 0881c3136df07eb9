"""How long a client takes to answer, as one transfer learns it. Pure.

An ACK does not say what it answers: the block that was sent last, or a copy of it that came long
before. The time tells the two apart. RFC 1123 section 4.2.3.2 asks for a time-out that adapts
itself; this is what it adapts itself to.
"""

from __future__ import annotations

from typing import Final

SOONEST: Final = 0.05
"""Seconds; what is not answered is sent again no sooner. Clients pause to write what they have, and
each transfer that waits costs the server a look at the clock so often."""


class RoundTrip:
    """What is known of one client.

    Attributes:
        least: The shortest time in which it answered, in seconds; 0 until it has.
        usual: A time in which it has mostly answered: longer at once, shorter slowly.
    """

    __slots__ = ("least", "usual")

    def __init__(self) -> None:
        self.least = 0.0
        self.usual = 0.0

    @property
    def patience(self) -> float:
        """Seconds after which an answer is overdue."""
        return max(SOONEST, 2 * self.usual)

    def too_soon(self, seconds: float) -> bool:
        """Tell that what comes so long after something was sent is no answer to that."""
        return 2 * seconds < self.least

    def took(self, seconds: float) -> None:
        """Take note of an answer to what was sent once."""
        if not self.least or 0.0 < seconds < self.least:
            self.least = seconds
        self.usual = max(seconds, self.usual + (seconds - self.usual) / 8)

    def took_perhaps(self, seconds: float) -> None:
        """Take note of an answer to what was sent twice, at ``seconds`` ago for the first time.

        Which of the two it answers is not known (Karn's problem). To leave all of these out would
        never notice that a way has become longer; to take them as they are, that it loses some.
        """
        self.usual += (seconds - self.usual) / 8
