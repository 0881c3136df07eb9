"""Whose requests are heard: most of a flood are not. Pure: told the time, in seconds."""

from __future__ import annotations

from typing import Final

from pyxie.bounds import TFTP_NEWCOMERS, TFTP_REQUESTS
from pyxie.rate import Newcomers, TokenBuckets

_NEWCOMERS_AT_ONCE: Final = 200
"""A hall of machines that is switched on at once; who is not heard asks again in a second."""
_REQUESTS_AT_ONCE: Final = 1000
"""Of one address: GRUB fetches some hundred modules one after the other, in a second."""


class Askers:
    """Those who have asked, by address."""

    def __init__(self) -> None:
        self._newcomers = Newcomers(TFTP_NEWCOMERS.most, burst=_NEWCOMERS_AT_ONCE)
        self._requests = TokenBuckets(TFTP_REQUESTS.most, burst=_REQUESTS_AT_ONCE)

    def know(self, host: str) -> None:
        """Take note that somebody is at an address: who forges one does not hear us."""
        self._newcomers.know(host)

    def hears(self, peer: tuple[str, int], now: float, *, served: bool) -> bool:
        """Tell whether there is to be an answer to a client.

        Args:
            peer: Its address and port.
            now: The time.
            served: A transfer to it is in progress.
        """
        # Who forges its source is not heard again, and is not to be looked for by the kernel.
        if not served and not self._newcomers.allow(peer[0], now):
            TFTP_NEWCOMERS.reached()
            return False
        if not self._requests.allow(peer[0], now):
            TFTP_REQUESTS.reached()
            return False
        return True
