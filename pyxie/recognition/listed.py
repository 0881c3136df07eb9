"""The MACs of all that are known, listed so that it shows whether they are others than before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, filterfalse
from typing import Protocol


class Snapshot(Protocol):
    """See `pyxie.registry.registry.Registry`."""

    def claimed(self, mac: str) -> bool:
        """Tell whether that MAC stands in a file."""
        ...

    def macs(self) -> Iterable[str]:
        """Return all of which `claimed` tells."""
        ...


class Listed:
    """They, each once or more; they do not change.

    Args:
        machines: Those of machine files.
        beside: MACs that stand in none.
    """

    __slots__ = ("beside", "machines")

    def __init__(self, machines: Snapshot, beside: frozenset[str]) -> None:
        self.machines = machines
        self.beside = beside

    def __iter__(self) -> Iterator[str]:
        return chain(self.machines.macs(), self.beside)


class Listing:
    """Lists them; for one thread at a time."""

    def __init__(self) -> None:
        self._last: Listed | None = None

    def of(self, machines: Snapshot, others: Iterable[str]) -> Listed:
        """Return the list, the same object for as long as the same are known by the same files.

        A build of a machine that has a file makes no difference then, and who is told of each
        change does not go through thousands of machines for it.

        Args:
            machines: Those of now.
            others: MACs that are known for other reasons, and may stand in files as well.
        """
        beside = frozenset(filterfalse(machines.claimed, others))
        last = self._last
        if last is None or last.machines is not machines or last.beside != beside:
            last = self._last = Listed(machines, beside)
        return last
