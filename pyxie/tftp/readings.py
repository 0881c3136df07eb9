"""Reads on, in threads, what is sent and not in memory."""

from __future__ import annotations

import asyncio

from pyxie.errors import BusyError
from pyxie.tftp.driver import Driver
from pyxie.tftp.opening import Openings
from pyxie.tftp.session import Session


class Readings:
    """Those under way, of each session no more than one.

    Args:
        openings: Reads.
        driver: Told of a session whose content can be read on, or cannot, and why.
    """

    def __init__(self, openings: Openings, driver: Driver) -> None:
        self._openings = openings
        self._driver = driver
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, session: Session, offset: int) -> None:
        """Read what a session sends, from an offset on."""
        reading = asyncio.get_running_loop().create_task(self._read_on(session, offset))
        self._tasks.add(reading)
        reading.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Wait for none any more."""
        for each in self._tasks:
            each.cancel()

    async def _read_on(self, session: Session, offset: int) -> None:
        try:
            await self._openings.read_on(session.content, offset)
        except (BusyError, OSError) as exc:
            why = exc.why if isinstance(exc, BusyError) else exc.strerror or str(exc)
            self._driver.give_up(session, why)
        else:
            self._driver.arrived(session)
