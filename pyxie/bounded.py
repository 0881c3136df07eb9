"""Mappings of bounded size that forget what was noted the longest ago."""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def note(table: MutableMapping[K, V], key: K, value: V, most: int) -> int:
    """Put ``value`` at the end of ``table``, keep ``most``, and return how many were forgotten."""
    table.pop(key, None)
    table[key] = value
    forgotten = 0
    while len(table) > most:
        del table[next(iter(table))]
        forgotten += 1
    return forgotten
