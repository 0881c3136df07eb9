"""What known machines do over DHCP that makes no event, to be told why one does not boot. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pyxie.bounds import DHCP_SIGHTINGS

_LATER: Final = 1024
"""Answers that are kept to be noted, at most."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was heard of a NIC that makes no event; times are seconds since the epoch.

    Attributes:
        plain: When it sent a DISCOVER without a network boot's options; None for never.
        xid: Of its last DISCOVER that was answered.
        offers: How often that very one was answered.
        first: When first.
        last: When last.
        limited: When it was beyond its share of requests; None for never.
    """

    plain: float | None = None
    xid: int = 0
    offers: int = 0
    first: float = 0.0
    last: float = 0.0
    limited: float | None = None


@dataclass(slots=True)
class _Seen:
    """The same, as it is kept: what was answered comes by the thousand."""

    plain: float | None = None
    xid: int = 0
    offers: int = 0
    first: float = 0.0
    last: float = 0.0
    limited: float | None = None

    def asked_plainly(self, now: float) -> None:
        self.plain = now

    def asked_too_often(self, now: float) -> None:
        self.limited = now

    def answered(self, xid: int, now: float) -> None:
        if self.xid == xid and self.offers:
            self.offers += 1
        else:
            self.xid, self.offers, self.first = xid, 1, now
        self.last = now


class Sightings:
    """Keeps them, of known machines alone.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._of: dict[str, _Seen] = {}
        self._later = deque[tuple[float, Sequence[tuple[str, int]]]]()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many answers are kept to be noted."""
        return self._waiting

    def plain(self, mac: str) -> None:
        """Note a DISCOVER that asks for an address alone."""
        self._seen(mac).asked_plainly(self._clock())

    def limited(self, mac: str) -> None:
        """Note a request beyond its share."""
        self._seen(mac).asked_too_often(self._clock())

    def answered(self, mac: str, xid: int) -> None:
        """Note that a DISCOVER was answered: the same again is one whose answer was of no use."""
        self._seen(mac).answered(xid, self._clock())

    def all_answered(self, who: Sequence[tuple[str, int]]) -> None:
        """Note the same of several, by their MACs and transactions.

        It is only kept here: whoever notes or asks for anything finds it noted.
        """
        self._later.append((self._clock(), who))
        self._waiting += len(who)
        while self._waiting > _LATER:
            self._note_first()

    def _note_first(self) -> None:
        now, who = self._later.popleft()
        self._waiting -= len(who)
        for mac, xid in who:
            self._kept(mac).answered(xid, now)

    def _settle(self) -> None:
        while self._later:
            self._note_first()

    def of(self, mac: str) -> Sighting:
        """Return what was seen of a NIC."""
        self._settle()
        seen = self._of.get(mac)
        if seen is None:
            return Sighting()
        return Sighting(seen.plain, seen.xid, seen.offers, seen.first, seen.last, seen.limited)

    def _seen(self, mac: str) -> _Seen:
        self._settle()
        return self._kept(mac)

    def _kept(self, mac: str) -> _Seen:
        """Return what is kept of a NIC, which is the last to be forgotten now."""
        seen = self._of.pop(mac, None)
        if seen is None:
            seen = _Seen()
            if len(self._of) >= DHCP_SIGHTINGS.whole:
                DHCP_SIGHTINGS.reached()
                del self._of[next(iter(self._of))]
        self._of[mac] = seen
        return seen
