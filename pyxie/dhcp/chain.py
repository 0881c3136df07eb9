"""Which iPXE was already handed the better iPXE. The time is an argument."""

from __future__ import annotations

from pyxie.bounded import note
from pyxie.bounds import DHCP_CHAINS


class ChainMemory:
    """Remembers for a while who was chained, so that no machine goes in circles.

    iPXE draws a new transaction number each time it starts, so the same number soon
    again is the same iPXE repeating itself, and another number is the one it was chained
    to. Its ancestors of before 2010 make the number from the MAC address, so that even
    the same number counts as a new start once ``patience`` is over.
    """

    def __init__(
        self,
        window: float = 60.0,
        *,
        patience: float = 20.0,
        capacity: int = DHCP_CHAINS.whole,
    ) -> None:
        """Take how long a boot lasts and how long a DISCOVER is repeated, both in seconds.

        The machine that was chained first is forgotten when there are ``capacity``; of known and
        of unknown ones, that is, whose addresses anybody can make up.
        """
        self._window = window
        self._patience = patience
        self._capacity = capacity
        self._known: dict[str, tuple[int, float]] = {}
        self._strange: dict[str, tuple[int, float]] = {}

    def chained(self, mac: str, xid: int, now: float) -> bool:
        """Tell whether ``mac`` was chained in this boot, by an earlier transaction."""
        chain = self._known.get(mac) or self._strange.get(mac)
        if chain is None:
            return False
        first, at = chain
        age = now - at
        return age < self._window and (xid != first or age >= self._patience)

    def remember(self, mac: str, xid: int, now: float, *, known: bool = True) -> None:
        """Note that ``mac`` was handed the loader; a repetition renews nothing.

        Args:
            mac: The machine's.
            xid: Of its request.
            now: The time.
            known: The machine is known.
        """
        chain = self._known.get(mac) or self._strange.get(mac)
        if chain is not None and chain[0] == xid and now - chain[1] < self._window:
            return
        self.forget(mac)
        table = self._known if known else self._strange
        if len(table) >= self._capacity:
            DHCP_CHAINS.reached()
        note(table, mac, (xid, now), self._capacity)

    def forget(self, mac: str) -> None:
        """Drop ``mac``: its iPXE fetched the script, so this boot's chain is over."""
        self._known.pop(mac, None)
        self._strange.pop(mac, None)

    def __len__(self) -> int:
        return len(self._known) + len(self._strange)
