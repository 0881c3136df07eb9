"""How often the progress of a transfer is recorded: once a second, while it moves."""

from __future__ import annotations

from typing import Final

EVERY: Final = 1.0
"""Seconds between two records of one transfer, and before the first."""


class Meter:
    """Decides for one transfer whether its progress is to be told now.

    Args:
        now: When it began; seconds of any steady clock, like the others.
        every: Seconds.
    """

    __slots__ = ("_every", "_last", "_told")

    def __init__(self, now: float, every: float = EVERY) -> None:
        self._every = every
        self._last = now
        self._told = 0

    def due(self, sent: int, now: float) -> bool:
        """Tell whether it is time, and the transfer has moved; then that counts as told."""
        if now - self._last < self._every or sent <= self._told:
            return False
        self._last, self._told = now, sent
        return True
