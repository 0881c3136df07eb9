"""Whose job is next: in turn, but never two of one machine's at once. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

from pyxie.errors import BusyError

T = TypeVar("T")


class Turns(Generic[T]):
    """Jobs that wait, and whose are in hand.

    A machine whose template loops asks again and again; by itself it holds one worker and a few
    places here, and the others' jobs go past its own.

    Args:
        most: Jobs that wait, of all together.
        share: Of one machine's.
    """

    def __init__(self, most: int, share: int) -> None:
        self._most = most
        self._share = share
        self._waiting: list[tuple[str, T]] = []
        self._of: Counter[str] = Counter()
        self._in_hand: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, whose: str, job: T) -> None:
        """Add a job.

        Args:
            whose: The machine's name; empty for jobs that hinder nobody.
            job: What is to be done.

        Raises:
            BusyError: Too many wait.
        """
        if whose and self._of[whose] >= self._share:
            raise BusyError(whose, "more is asked for than is rendered yet; try again")
        if len(self._waiting) >= self._most:
            raise BusyError("templates", f"{len(self._waiting)} wait already; try again")
        self._waiting.append((whose, job))
        self._of[whose] += 1

    def take(self) -> T | None:
        """Return the next job, whose machine is then in hand; None if all have to wait."""
        for at, (whose, job) in enumerate(self._waiting):
            if whose not in self._in_hand:
                del self._waiting[at]
                self._of[whose] -= 1
                if whose:
                    self._in_hand.add(whose)
                return job
        return None

    def done(self, whose: str) -> None:
        """Note that a machine's job is no more in hand."""
        self._in_hand.discard(whose)
        if not self._of[whose]:
            del self._of[whose]
