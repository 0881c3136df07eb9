"""By what transfers go: the server's own event loop, or a process for the big ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pyxie.tftp.apart import Apart
from pyxie.tftp.away import Away
from pyxie.tftp.beginning import Beginning, Fits, end_session
from pyxie.tftp.driver import Driver
from pyxie.tftp.files import Content
from pyxie.tftp.handover import Ending
from pyxie.tftp.limits import Limits
from pyxie.tftp.opening import Asked, Openings
from pyxie.tftp.packet import ReadRequest
from pyxie.tftp.readings import Readings
from pyxie.tftp.session import Session
from pyxie.tftp.turning import Loop

Going: TypeAlias = Session | Away
"""A transfer in progress, wherever it goes by."""


class Carriers:
    """Both, as one.

    Args:
        driver: Of the event loop.
        openings: Read on, in threads, what is sent by it.
        fits: Returns the block size for the way from an address to a client.
        no_offload: Told why windows cannot be sent in one call.
        apart: The process; None if all go by the event loop.
    """

    def __init__(
        self,
        driver: Driver,
        openings: Openings,
        fits: Fits,
        no_offload: Callable[[OSError], None],
        apart: Apart | None,
    ) -> None:
        self._driver = driver
        self._readings = Readings(openings, driver)
        self._beginning = Beginning(driver, fits, no_offload, self._readings.begin)
        self._apart = apart

    def run(self, loop: Loop) -> None:
        """Work from now on, in callbacks of ``loop``."""
        self._driver.run(loop)

    def pause(self) -> None:
        """Have the event loop work no more until `run`."""
        self._driver.pause()

    async def close(self) -> None:
        """Tell all clients in progress that the server is stopping, and close all."""
        self._readings.close()
        if self._apart is not None:
            await self._apart.close()
        self._driver.close()

    def begin(
        self, request: ReadRequest, asked: Asked, content: Content, limits: Limits, others: int
    ) -> Going:
        """Take over a content; return the transfer, which is to be started.

        Args:
            request: What it answers.
            asked: The same, as it came.
            content: What is sent.
            limits: Those of now.
            others: How many transfers there are.

        Raises:
            OSError: As of `Beginning.session`.
        """
        if self._apart is not None and self._apart.takes(content, others):
            away = self._apart.begin(request, asked, content, limits)
            if away is not None:
                return away
        return self._beginning.session(request, content, asked.local, asked.peer, limits)

    def start(self, going: Going, now: float) -> None:
        """See it to its end."""
        if isinstance(going, Session):
            self._driver.start(going, now)

    def again(self, going: Going, asked: Asked) -> bool:
        """Take the request that a transfer answers, come again; False if it is a repeated one.

        Else it is not known, and `Away.again` is it until it is.
        """
        if isinstance(going, Session):
            return False
        assert self._apart is not None  # noqa: S101 - where else would it be?
        self._apart.again(going, asked)
        return True

    def end(self, going: Going, why: Ending) -> None:
        """Have it end, and tell its client nothing; the server is told of it as of any end."""
        if isinstance(going, Away):
            assert self._apart is not None  # noqa: S101 - where else would it be?
            self._apart.end(going, why)
        else:
            end_session(self._driver, going, why)
