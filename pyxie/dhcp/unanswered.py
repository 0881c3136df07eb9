"""Requests that got no answer yet, kept for as long as their clients listen.

What an answer waits for may come a moment later: an API server's word, or the build that begins
when somebody hears of the machine. The time is an argument.
"""

from __future__ import annotations

from typing import Final, Generic, TypeAlias, TypeVar

from pyxie.bounded import note
from pyxie.bounds import DHCP_UNANSWERED
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


def listens(request: DhcpMessage) -> float:
    """Return for how many seconds the client that sent ``request`` can use an answer."""
    return FIRMWARE_LISTENS if ipxe(request.options.get(77)) is Ipxe.NO else IPXE_LISTENS


class Unanswered(Generic[T]):
    """The newest request of each client on each port; the oldest is forgotten when full.

    Of unknown machines, whose addresses anybody can make up, there is a table of its own: they
    cannot drive out the others.

    Args:
        capacity: How many are kept in each.
    """

    def __init__(self, capacity: int = DHCP_UNANSWERED.whole) -> None:
        self._capacity = capacity
        self._known: _Table[T] = {}
        self._strange: _Table[T] = {}

    def keep(self, mac: str, port: int, what: T, until: float, *, known: bool) -> None:
        """Keep a request in place of the client's earlier one.

        Args:
            mac: The client's.
            port: Where it was asked.
            what: The request, and what else it takes to answer it.
            until: For how long, seconds, monotonic.
            known: It is of a machine that is known.
        """
        self.answered(mac, port)
        table = self._known if known else self._strange
        if len(table) >= self._capacity:
            DHCP_UNANSWERED.reached()
        note(table, (mac, port), (what, until), self._capacity)

    def answered(self, mac: str, port: int) -> None:
        """Forget a client's request: a later word on it would be one too many."""
        if not self:
            return
        self._known.pop((mac, port), None)
        self._strange.pop((mac, port), None)

    def of(self, mac: str | None, now: float) -> list[T]:
        """Return the requests that can still be answered, the oldest first; forget the others.

        Args:
            mac: Of one client; None for all, known machines' first.
            now: Seconds, monotonic.
        """
        self._known, self._strange = _open(self._known, now), _open(self._strange, now)
        return [
            what
            for table in (self._known, self._strange)
            for (of, _port), (what, _until) in table.items()
            if mac is None or of == mac
        ]

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._strange.clear()

    def __len__(self) -> int:
        return len(self._known) + len(self._strange)


_Table: TypeAlias = dict[tuple[str, int], tuple[T, float]]


def _open(table: _Table[T], now: float) -> _Table[T]:
    return {key: each for key, each in table.items() if each[1] > now}
