"""Mappings of bounded size that forget what was noted the longest ago."""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def note(table: MutableMapping[K, V], key: K, value: V, most: int) -> None:
    """Put ``value`` at the end of ``table``, and keep no more than ``most``."""
    table.pop(key, None)
    table[key] = value
    while len(table) > most:
        del table[next(iter(table))]
