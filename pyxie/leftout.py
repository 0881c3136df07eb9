"""The service that tells what the log has left out."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Final

from pyxie.lines import Lines
from pyxie.service import Unbound, next_tick

log = logging.getLogger(__name__)

_TOLD: Final = 10.0
"""Seconds between looks."""


class LeftOut(Unbound):
    """Tells what the log has left out, a moment later; a `pyxie.service.Service`.

    Args:
        lines: What is asked.
    """

    name = "log"

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def serve(self) -> None:
        """Tell until cancelled."""
        while True:
            await next_tick(_TOLD)
            self._tell()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tell()

    def _tell(self) -> None:
        for sentence in self._lines.left_out():
            log.warning("%s", sentence)
