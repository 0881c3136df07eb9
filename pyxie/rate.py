"""Bounds on what one client can make pyxie do and say. Told the time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

from pyxie.bounded import note

K = TypeVar("K")


class TokenBuckets:
    """Lets each key through ``rate`` times a second, in bursts of up to ``burst``.

    Memory is bounded: the key that was seen least recently is forgotten, which can
    only let more through, never lock a client out.
    """

    def __init__(
        self, rate: float = 100.0, *, burst: float | None = None, capacity: int = 4096
    ) -> None:
        """Take ``rate`` in events a second, 0 for no limit; ``burst`` is as many by default."""
        self._rate = rate
        self._burst = max(1.0, rate if burst is None else burst)
        self._capacity = capacity
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def allow(self, key: Hashable, now: float) -> bool:
        """Take one token of ``key``'s; False if it has none left. ``now`` in seconds."""
        if not self._rate:
            return True
        buckets = self._buckets
        tokens, since = buckets.pop(key, (self._burst, now))
        if now > since:
            tokens += (now - since) * self._rate
            if tokens > self._burst:
                tokens = self._burst
        if len(buckets) >= self._capacity:
            del buckets[next(iter(buckets))]
        if tokens < 1.0:
            buckets[key] = (tokens, now)
            return False
        buckets[key] = (tokens - 1.0, now)
        return True

    def wait(self, key: Hashable, now: float) -> float:
        """Return the seconds until ``key`` will have a token; 0.0 if it has. None is taken."""
        tokens, since = self._buckets.get(key, (self._burst, now))
        tokens += max(0.0, now - since) * self._rate
        return max(0.0, (1.0 - tokens) / self._rate) if self._rate else 0.0

    def __len__(self) -> int:
        return len(self._buckets)


class Spacing:
    """Spaces out what each key does, to ``rate`` a second, after a ``burst`` at once.

    Memory is bounded as in `TokenBuckets`.
    """

    def __init__(self, rate: float, *, burst: float, capacity: int = 4096) -> None:
        """Take ``rate`` in events a second."""
        self._each = 1.0 / rate
        self._ahead = burst / rate
        self._capacity = capacity
        self._until: dict[Hashable, float] = {}

    def wait(self, key: Hashable, now: float) -> float:
        """Count one more of ``key``'s, and return the seconds that it has to wait for its turn."""
        until = max(now, self._until.pop(key, now)) + self._each
        note(self._until, key, until, self._capacity)
        return max(0.0, until - now - self._ahead)

    def __len__(self) -> int:
        return len(self._until)


class Newcomers:
    """Lets through whoever is known to be there, and so many others a second.

    The source of a datagram can be forged. What is sent to an address that is not there waits for
    three seconds in the socket's send buffer, and the kernel looks for no more than a thousand
    neighbours at a time (arp(7), ``gc_thresh3``): who answers all of them soon cannot send anything
    to anybody.
    """

    def __init__(self, rate: float, *, burst: float, capacity: int = 4096) -> None:
        """Take ``rate`` in newcomers a second; the longest unheard of those known goes first.

        One of them has half at most, or who asks and never goes on would be all of them.
        """
        self._buckets = TokenBuckets(rate, burst=burst)
        self._each = TokenBuckets(rate / 2, burst=burst / 2)
        self._known: dict[Hashable, None] = {}
        self._capacity = capacity

    def allow(self, key: Hashable, now: float) -> bool:
        """Tell whether to deal with ``key``. ``now`` in seconds."""
        if key not in self._known:
            return self._each.allow(key, now) and self._buckets.allow("", now)
        self.know(key)
        return True

    def know(self, key: Hashable) -> None:
        """Note that ``key`` is there."""
        note(self._known, key, None, self._capacity)

    def __len__(self) -> int:
        return len(self._known)


class Once:
    """Says which of a stream of happenings are news: the first, and one a ``window``."""

    def __init__(self, window: float = 60.0, *, capacity: int = 4096) -> None:
        """Take ``window`` in seconds."""
        self._window = window
        self._capacity = capacity
        self._said: dict[Hashable, float] = {}

    def news(self, key: Hashable, now: float) -> bool:
        """Tell whether ``key`` was not said within the window; if so, note it as said."""
        said = self._said.get(key)
        if said is not None and now - said < self._window:
            return False
        note(self._said, key, now, self._capacity)
        return True

    def __len__(self) -> int:
        return len(self._said)


SLOW: Final = 4_000.0
"""Bytes a second. Who moves as many is not displaced; a slow BMC moves ten times as many."""


def first_slow(paces: Iterable[tuple[K, float]]) -> K | None:
    """Return the first that moves few bytes a second, and ask for no more."""
    return next((key for key, pace in paces if pace < SLOW), None)
