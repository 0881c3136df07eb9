"""Who is being served, and whose transfer makes room for another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pyxie.bounds import TFTP_UNHEARD
from pyxie.events.meter import Meter
from pyxie.rate import first_slow
from pyxie.tftp.carriers import Going
from pyxie.tftp.opening import Asked
from pyxie.tftp.source import Found

_LOOKED_AT = 32
"""How many transfers are looked at for a slow one that makes room for another."""
_ENOUGH = 0.25
"""Seconds that a transfer counts for at least: its first window is no speed."""


@dataclass(frozen=True, slots=True)
class Client:
    """A session, what it answers, what with, since when, and when its progress is recorded."""

    session: Going
    asked: Asked
    found: Found
    began: float
    meter: Meter


class Clients:
    """Those whose transfers are in progress, by address and port: told of each, and the time."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, int], Client] = {}
        self._leaving: dict[Going, Client] = {}
        self._of_host: Counter[str] = Counter()
        self._unheard: dict[str, dict[tuple[str, int], Going]] = {}
        """By address the last of those that began, in their order; some were heard since."""
        self._silent = 0
        """How many these are."""

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, peer: object) -> bool:
        return peer in self._all

    def __iter__(self) -> Iterator[Client]:
        return iter(self._all.values())

    def get(self, peer: tuple[str, int]) -> Client | None:
        """Return the one at that address and port."""
        return self._all.get(peer)

    def of_host(self, host: str) -> int:
        """Return how many an address has."""
        return self._of_host[host]

    def add(self, client: Client) -> None:
        """Add one whose transfer begins."""
        peer = client.asked.peer
        self._all[peer] = client
        self._unheard.setdefault(peer[0], {})[peer] = client.session
        self._silent += 1
        self._of_host[peer[0]] += 1

    @property
    def none(self) -> bool:
        """There is none, and the end of none has to be told yet."""
        return not self._all and not self._leaving

    def leave(self, session: Going) -> None:
        """Take out one whose transfer is to end, so that its place is free; `remove` follows."""
        self._leaving[session] = self._taken(session)

    def remove(self, session: Going) -> Client:
        """Take out the one whose transfer is over."""
        left = self._leaving.pop(session, None)
        return self._taken(session) if left is None else left

    def _taken(self, session: Going) -> Client:
        client = self._all.pop(session.peer)
        host = session.peer[0]
        if session.peer in self._unheard.get(host, ()):
            self._forget(session.peer)
        self._of_host[host] -= 1
        if not self._of_host[host]:
            del self._of_host[host]
        return client

    def slow(self, now: float) -> Going | None:
        """Return a slow transfer, which may make room for another; None if none is seen.

        Who was there longest is looked at first.
        """
        return first_slow(self._paces(now))

    def silent(self) -> Iterator[Going]:
        """Yield transfers of those who have said nothing for the longest, if there are too many.

        They are of the address that has most of them. There is room for another once each was
        ended.
        """
        while self._silent >= TFTP_UNHEARD.whole:
            most = max(self._unheard.values(), key=len)
            session = self._forget(next(iter(most)))
            if session.transfer.outcome is None and not session.transfer.heard:
                TFTP_UNHEARD.reached()
                yield session

    def _forget(self, peer: tuple[str, int]) -> Going:
        """Count one no more among those that have said nothing."""
        theirs = self._unheard[peer[0]]
        session = theirs.pop(peer)
        self._silent -= 1
        if not theirs:
            del self._unheard[peer[0]]
        return session

    def _paces(self, now: float) -> Iterator[tuple[Going, float]]:
        """Yield sessions and their bytes a second."""
        for _ in range(min(_LOOKED_AT, len(self._all))):
            peer, client = next(iter(self._all.items()))
            transfer, lasts = client.session.transfer, now - client.began
            yield client.session, 0 if transfer.stalled else transfer.received / max(lasts, _ENOUGH)
            self._all[peer] = self._all.pop(peer)  # others come first, next time
