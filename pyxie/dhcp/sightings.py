"""What known machines do over DHCP that makes no event, to be told why one does not boot. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pyxie.bounded import note
from pyxie.bounds import DHCP_SIGHTINGS


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


class Sightings:
    """Keeps them, of known machines alone.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._of: dict[str, Sighting] = {}

    def plain(self, mac: str) -> None:
        """Note a DISCOVER that asks for an address alone."""
        self._keep(mac, replace(self.of(mac), plain=self._clock()))

    def limited(self, mac: str) -> None:
        """Note a request beyond its share."""
        self._keep(mac, replace(self.of(mac), limited=self._clock()))

    def answered(self, mac: str, xid: int) -> None:
        """Note that a DISCOVER was answered: the same again is one whose answer was of no use."""
        now, seen = self._clock(), self.of(mac)
        if seen.xid == xid and seen.offers:
            self._keep(mac, replace(seen, offers=seen.offers + 1, last=now))
        else:
            self._keep(mac, replace(seen, xid=xid, offers=1, first=now, last=now))

    def of(self, mac: str) -> Sighting:
        """Return what was seen of a NIC."""
        return self._of.get(mac) or Sighting()

    def _keep(self, mac: str, seen: Sighting) -> None:
        DHCP_SIGHTINGS.reached(note(self._of, mac, seen, DHCP_SIGHTINGS.whole))
