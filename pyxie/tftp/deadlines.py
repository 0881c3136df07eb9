"""When each of many transfers is to be looked at again, for one timer to serve them all."""

from __future__ import annotations

import heapq
import math


class Deadlines:
    """The earliest moments at which something may be due, by number.

    A transfer's deadline moves on with every ACK. Only a move to an *earlier* moment is
    noted here; a later one is found when the old moment comes, by whoever asks `due`.
    So an ACK costs no work on the heap. Times are seconds of any steady clock.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._noted: dict[int, float] = {}

    def note(self, number: int, when: float) -> None:
        """Have ``number`` come up in `due` no later than ``when``."""
        if when < self._noted.get(number, math.inf):
            self._noted[number] = when
            heapq.heappush(self._heap, (when, number))

    def forget(self, number: int) -> None:
        """Have ``number`` come up no more."""
        self._noted.pop(number, None)
        if len(self._heap) > 64 + 2 * len(self._noted):
            self._heap = [(when, number) for number, when in self._noted.items()]
            heapq.heapify(self._heap)

    def next(self) -> float | None:
        """Return the earliest moment noted; it may be of a number forgotten since."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float, most: int) -> list[int]:
        """Take out the numbers whose moment has come, earliest first, ``most`` at a time."""
        numbers: list[int] = []
        while len(numbers) < most and self._heap and self._heap[0][0] <= now:
            when, number = heapq.heappop(self._heap)
            if self._noted.get(number) == when:
                del self._noted[number]
                numbers.append(number)
        return numbers
