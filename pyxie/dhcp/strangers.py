"""How many requests of unknown machines are looked at: anybody can make up MAC addresses.

Told the time, in seconds, monotonic.
"""

from __future__ import annotations

from typing import Final

from pyxie.bounds import DHCP_STRANGERS
from pyxie.rate import TokenBuckets

_AT_ONCE: Final = 500
"""A hall of new machines that is powered on at once; they ask again, four seconds later."""
_PER_MAC: Final = 4.0
"""Requests a second of one: a card that repeats itself without end takes no other's turn."""


class Strangers:
    """Lets so many of each interface through, and of each machine a few.

    By interface, since a flood in one network is none of the others' business, and a sender
    cannot choose which it comes in on.
    """

    def __init__(self) -> None:
        self._by_interface = TokenBuckets(DHCP_STRANGERS.most, burst=_AT_ONCE)
        self._by_mac = TokenBuckets(_PER_MAC, burst=2 * _PER_MAC)
        self._closed: dict[int, float] = {}
        """By interface: until when there is no turn, so that most of a flood asks for none."""

    def admits(self, client: bytes, interface: int, now: float) -> bool:
        """Tell whether a request is to be looked at; if so, it counts.

        Args:
            client: The hardware address.
            interface: The number of the one that it came in on.
            now: The time.
        """
        if now >= self._closed.get(interface, now) and self._by_mac.allow(client, now):
            if self._by_interface.allow(interface, now):
                return True
            self._closed[interface] = now + 1 / DHCP_STRANGERS.most
        DHCP_STRANGERS.reached()
        return False
