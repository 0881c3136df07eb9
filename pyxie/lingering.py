"""What is kept open for who asks next, until nobody has asked for a second or two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_FOR: Final = 1.0
"""Seconds: who holds a file longer keeps its disk from being unmounted."""


class Lingering(Generic[K, V]):
    """Some such, by what is asked for; for the event loop.

    Args:
        close: Closes one.
    """

    def __init__(self, close: Callable[[V], object]) -> None:
        self._close = close
        self._kept: dict[K, V] = {}
        self._used: set[K] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def __contains__(self, key: K) -> bool:
        """Tell whether one is kept."""
        return key in self._kept

    def get(self, key: K) -> V | None:
        """Return what is kept; that it is of use, `use` is told."""
        return self._kept.get(key)

    def use(self, key: K) -> None:
        """Note that somebody has asked for what is kept."""
        self._used.add(key)

    def keep(self, key: K, value: V, most: int) -> int:
        """Keep another, ``most`` in all, and return how many were closed for it, the oldest."""
        self.drop(key)
        closed = 0
        while len(self._kept) >= most:
            self.drop(next(iter(self._kept)))
            closed += 1
        self._kept[key] = value
        self.use(key)
        if self._sweeping is None:
            self._sweep_later()
        return closed

    def drop(self, key: K) -> None:
        """Close one, if it is kept."""
        if key in self._kept:
            self._close(self._kept.pop(key))

    def clear(self) -> None:
        """Close all."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        while self._kept:
            self._close(self._kept.popitem()[1])

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(_FOR, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        for key in self._kept.keys() - self._used:
            self.drop(key)
        self._used.clear()
        if self._kept:
            self._sweep_later()
