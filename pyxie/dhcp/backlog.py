"""Requests that were read and wait to be looked at: known machines' first, and fresh before stale.

As long as few wait, they are taken in their order. In a flood the newest goes first: its client
listens for the longest, while that of the oldest has asked again, or gone on. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from pyxie.bounds import DHCP_BACKLOG

T = TypeVar("T")

DEEP: Final = 64
"""From how many on the newest goes first: a rack that is powered on at once is no flood."""


class Backlog(Generic[T]):
    """Two bounded lanes.

    Args:
        most: How many wait in each; the oldest is dropped for one more.
    """

    def __init__(self, most: int = DHCP_BACKLOG.whole) -> None:
        self._known: deque[T] = deque(maxlen=most)
        self._strange: deque[T] = deque(maxlen=most)

    def put(self, what: T, *, known: bool) -> None:
        """Add a request.

        Args:
            what: It.
            known: It is of a machine that is known.
        """
        lane = self._known if known else self._strange
        if len(lane) == lane.maxlen:
            DHCP_BACKLOG.reached()
        lane.append(what)

    def take(self, *, strangers: bool = True) -> T | None:
        """Take out the one that is to be looked at next; None if none waits.

        Args:
            strangers: Those may have their turn, too.
        """
        lane = self._known or (self._strange if strangers else self._known)
        if not lane:
            return None
        return lane.pop() if len(lane) > DEEP else lane.popleft()

    def known(self) -> Iterable[T]:
        """Return what waits of known machines; none of a flood, in which no order is kept."""
        return self._known if len(self._known) <= DEEP else ()

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._strange.clear()

    def __len__(self) -> int:
        return len(self._known) + len(self._strange)
