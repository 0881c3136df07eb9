"""Requests that got no answer yet, kept for as long as their clients listen.

What an answer waits for may come a moment later: an API server's word, or the build that begins
when somebody hears of the machine. The time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from pyxie.bounded import note
from pyxie.dhcp.firmware import Ipxe, ipxe
from pyxie.dhcp.message import DhcpMessage

T = TypeVar("T")

IPXE_LISTENS: Final = 2.5
"""Seconds after iPXE's DISCOVER. It sends one at 0 and 1 s, and at 3 s goes on without a proxy's
offer if it has a lease (ipxe src/net/udp/dhcp.c, src/config/dhcp.h); an offer that comes too
late is only dropped."""
FIRMWARE_LISTENS: Final = 3.5
"""Seconds after firmware's, which gathers offers for 4 s before it chooses one or asks again, as
the PXE specification has it (EDK2's `mPxeDhcpTimeout`)."""
_MOST: Final = 256


def listens(request: DhcpMessage) -> float:
    """Return for how many seconds the client that sent ``request`` can use an answer."""
    return FIRMWARE_LISTENS if ipxe(request.options.get(77)) is Ipxe.NO else IPXE_LISTENS


class Unanswered(Generic[T]):
    """The newest request of each client on each port; the oldest is forgotten when full.

    Args:
        capacity: How many are kept.
    """

    def __init__(self, capacity: int = _MOST) -> None:
        self._capacity = capacity
        self._kept: dict[tuple[str, int], tuple[T, float]] = {}

    def keep(self, mac: str, port: int, what: T, until: float) -> None:
        """Keep a request in place of the client's earlier one.

        Args:
            mac: The client's.
            port: Where it was asked.
            what: The request, and what else it takes to answer it.
            until: For how long, seconds, monotonic.
        """
        note(self._kept, (mac, port), (what, until), self._capacity)

    def answered(self, mac: str, port: int) -> None:
        """Forget a client's request: a later word on it would be one too many."""
        self._kept.pop((mac, port), None)

    def of(self, mac: str | None, now: float) -> list[T]:
        """Return the requests that can still be answered, the oldest first; forget the others.

        Args:
            mac: Of one client; None for all.
            now: Seconds, monotonic.
        """
        self._kept = {key: each for key, each in self._kept.items() if each[1] > now}
        return list(self._wanted(mac))

    def _wanted(self, mac: str | None) -> Iterator[T]:
        for (of, _port), (what, _until) in self._kept.items():
            if mac is None or of == mac:
                yield what

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
