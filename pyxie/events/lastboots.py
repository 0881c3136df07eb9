"""When each machine booted from the network last, as far as was seen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyxie.bounded import note as remember
from pyxie.bounds import LAST_BOOTS
from pyxie.events.event import Event
from pyxie.events.kind import Step

_OF_A_BOOT: Final = frozenset(
    (Step.OFFER, Step.SILENCE, Step.LOADER, Step.SCRIPT, Step.IMAGE, Step.BOOTING)
)
"""What a machine's firmware and loader do. One that is not answered has been switched on, too."""


class LastBoots:
    """Keeps the time of each known machine's last sign of a boot."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def note(self, event: Event) -> None:
        """Take note of what happened."""
        if event.host is not None and event.step in _OF_A_BOOT:
            LAST_BOOTS.reached(remember(self._at, event.host, event.at, LAST_BOOTS.whole))

    def of(self, host: str) -> float | None:
        """Return when that was, seconds since the epoch; None if nothing was seen."""
        return self._at.get(host)

    def all(self) -> Mapping[str, float]:
        """Return them by hostname, as they are now, for another thread."""
        return self._at.copy()
