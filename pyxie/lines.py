"""How many lines the log takes a second, and of whom: what is left out is counted and told.

Told the time. Lines of the operator's files and of callers with management access have no bound.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Final

from pyxie.bounds import (
    LOG_BUGS,
    LOG_CLIENTS,
    LOG_DETAILS,
    LOG_MACHINES,
    LOG_OTHERS,
    LOG_REFUSALS,
    LOG_REQUESTS,
    LOG_STRANGERS,
    Bound,
)
from pyxie.rate import TokenBuckets

BURST: Final = 12.0
"""Seconds' worth that may come at once: a hall of machines is switched on."""
_SHARE: Final = 0.4
"""How much of a sort one client may have, of its rate and of what may come at once."""


class Sort(Enum):
    """What a line is about."""

    REQUESTS = "requests"
    REFUSALS = "refused requests"
    MACHINES = "machines"
    STRANGERS = "unknown machines and clients"
    BUGS = "bugs, with their tracebacks"
    DETAILS = "details, at level debug"
    OTHERS = "other things"


def about(sort: Sort | None, client: str = "") -> dict[str, object]:
    """Return what a call of `logging` takes as ``extra``, to say what its line is about.

    Args:
        sort: None for what only the operator, or who may manage, has caused: it has no bound.
        client: An address, a MAC or a hostname.
    """
    return {"about": (sort, client)}


_BOUNDS: Final[dict[Sort, Bound]] = {
    Sort.REQUESTS: LOG_REQUESTS,
    Sort.REFUSALS: LOG_REFUSALS,
    Sort.MACHINES: LOG_MACHINES,
    Sort.STRANGERS: LOG_STRANGERS,
    Sort.BUGS: LOG_BUGS,
    Sort.DETAILS: LOG_DETAILS,
    Sort.OTHERS: LOG_OTHERS,
}


class Lines:
    """Says which lines are taken, by bounds of each sort and of each client in it."""

    def __init__(self) -> None:
        self._all: dict[Sort, TokenBuckets] = {}
        self._clients: dict[Sort, TokenBuckets] = {}
        for sort, bound in _BOUNDS.items():
            rate, burst = bound.most, bound.most * BURST
            self._all[sort] = TokenBuckets(rate, burst=burst)
            self._clients[sort] = TokenBuckets(
                rate * _SHARE, burst=burst * _SHARE, capacity=LOG_CLIENTS.whole
            )
        self._left: dict[Sort, Counter[str]] = {sort: Counter() for sort in Sort}

    def takes(self, sort: Sort, client: str, now: float) -> bool:
        """Tell whether a line is logged; if not, count it.

        Args:
            sort: What it is about.
            client: Whom it is about: an address, a MAC or a hostname; empty if nobody.
            now: Seconds, steady.
        """
        # The client's first: what it has too many of takes nothing from others.
        may = not client or self._clients[sort].allow(client, now)
        if may and self._all[sort].allow("", now):
            return True
        left = self._left[sort]
        if client not in left and len(left) >= LOG_CLIENTS.whole:
            LOG_CLIENTS.reached()
            client = ""
        left[client] += 1
        self._count(sort)
        return False

    def left_out(self) -> list[str]:
        """Return sentences on what was left out since this was asked last."""
        found = []
        for sort, left in self._left.items():
            if not left:
                continue
            said = f"left out of the log: {left.total()} line(s) on {sort.value}"
            client, most = max(left.items(), key=lambda each: (bool(each[0]), each[1]))
            found.append(f"{said}, {most} of them by {client}" if client else said)
            left.clear()
        return found

    def _count(self, sort: Sort) -> None:
        match sort:
            case Sort.REQUESTS:
                LOG_REQUESTS.reached()
            case Sort.REFUSALS:
                LOG_REFUSALS.reached()
            case Sort.MACHINES:
                LOG_MACHINES.reached()
            case Sort.STRANGERS:
                LOG_STRANGERS.reached()
            case Sort.BUGS:
                LOG_BUGS.reached()
            case Sort.DETAILS:
                LOG_DETAILS.reached()
            case Sort.OTHERS:  # pragma: no branch  (there is no other)
                LOG_OTHERS.reached()
