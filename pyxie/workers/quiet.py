"""Whether pyxie has next to nothing to do: what nobody waits for is done then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from pyxie.clock import steady

_MOMENT: Final = 0.002
"""Seconds for which it is watched whether pyxie is busy."""
_BUSY: Final = 0.3
"""The part of a moment that a processor works for it then."""
_LATER: Final = 0.05
"""Seconds until it is watched again."""


class Quiet:
    """Watches how much of a processor pyxie needs.

    Args:
        spent: Seconds that processors worked for it.
    """

    def __init__(self, spent: Callable[[], float] = time.process_time) -> None:
        self._spent = spent

    async def wait(
        self, most: float = float("inf"), *, unless: Callable[[], object] = lambda: None
    ) -> None:
        """Wait until pyxie is not busy.

        Args:
            most: Seconds after which it may be.
            unless: Tells that somebody waits for what is to be done: it may be busy then.
        """
        until = steady() + most
        while not unless():
            if not await self._is_busy() or steady() >= until:
                return
            await asyncio.sleep(_LATER)

    async def _is_busy(self) -> bool:
        began, spent = steady(), self._spent()
        await asyncio.sleep(_MOMENT)
        return self._spent() - spent >= _BUSY * (steady() - began)
