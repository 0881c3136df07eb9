"""Tells those who listen that a client may be recognised as another than a moment before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Listener: TypeAlias = Callable[[str | None], None]


class News:
    """What is told: a MAC address, or None where it may be anybody's."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def follow(self, listener: Listener) -> None:
        """Have ``listener`` called with whatever is told from now on; it must not wait."""
        self._listeners.append(listener)

    def of(self, mac: str) -> None:
        """Tell that there is word about one client."""
        self._tell(mac)

    def of_anybody(self) -> None:
        """Tell that machines, builds or settings have changed."""
        self._tell(None)

    def _tell(self, mac: str | None) -> None:
        for listener in self._listeners:
            listener(mac)
