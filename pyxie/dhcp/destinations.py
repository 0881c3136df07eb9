"""Where answers go, and to how many new addresses: whoever asks may have made up where it is."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Final

from pyxie.bounds import DHCP_DESTINATIONS
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination, Reason, Silence, destination
from pyxie.dhcp.intake import Heard
from pyxie.rate import Newcomers

_AT_ONCE: Final = 150
"""Answers to addresses that are not there wait three seconds in our send buffer, which has room for
some 500, and then for nothing else."""


class Destinations:
    """Tells it, told the time in seconds, monotonic."""

    def __init__(self) -> None:
        self._addresses = {
            known: Newcomers(DHCP_DESTINATIONS.most, burst=_AT_ONCE) for known in (True, False)
        }
        """Of known machines, and of others: whoever makes these up takes no turn of those."""

    def towards(self, heard: Heard, source: IPv4Address, now: float) -> Destination | Silence:
        """Tell where the answer goes; nowhere, if too many new addresses were answered just now."""
        port = heard.on.port
        to = destination(heard.request, port, source, heard.received.source_port)
        if not isinstance(to, Destination) or to.address is LIMITED_BROADCAST:
            return to
        addresses = self._addresses[heard.known]
        if not addresses.allow(to.address, now):
            DHCP_DESTINATIONS.reached()
            return Silence(Reason.CROWDED, "too many new addresses have asked just now")
        addresses.know(to.address)
        return to
