"""Connections that have come and were not looked at yet, served in turn of who has sent them.

Who opens a thousand waits for himself: another's first is next but one for each that has some.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from pyxie.bounds import ARRIVALS

K = TypeVar("K")


class Arrivals(Generic[K]):
    """What waits, by whose it is; holds no socket, of any kind that ``K`` is."""

    def __init__(self, most: int = ARRIVALS.whole) -> None:
        self._most = most
        self._of: dict[str, deque[K]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, who: str, what: K) -> K | None:
        """Have one wait; return one that no longer does, for all together are too many.

        That is the newest of whoever has the most.
        """
        self._of.setdefault(who, deque()).append(what)
        self._count += 1
        if self._count <= self._most:
            return None
        ARRIVALS.reached()
        most = max(self._of, key=lambda each: len(self._of[each]))
        theirs = self._of[most]
        displaced = theirs.pop()
        self._count -= 1
        if not theirs:
            del self._of[most]
        return displaced

    def next(self) -> K | None:
        """Take the oldest of whose turn it is; None if nobody waits."""
        if not self._of:
            return None
        who = next(iter(self._of))
        rest = self._of.pop(who)
        found = rest.popleft()
        self._count -= 1
        if rest:
            self._of[who] = rest  # behind the others
        return found
