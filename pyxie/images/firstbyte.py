"""Waits for the first byte of another server's file, for as long as somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from pyxie.bounds import IMAGE_FIRST_BYTE

T = TypeVar("T")

_TOLD: Final = 5.0
_LOOK: Final = 1.0


class TooLateError(Exception):
    """It was not there in time; the text says so."""


class FirstByte:
    """The patience with one file, which begins when this is made.

    Args:
        seconds: How long it may take.
        has_left: Tells whether the client has gone: nothing else would, while nothing is sent.
        waits: Called once, after ``told``, with ``seconds``.
        told: Seconds.
        look: Seconds between two looks whether the client is there.
    """

    def __init__(
        self,
        seconds: float,
        has_left: Callable[[], bool],
        waits: Callable[[float], None],
        *,
        told: float = _TOLD,
        look: float = _LOOK,
    ) -> None:
        self._seconds = seconds
        self._has_left = has_left
        self._waits = waits
        self._tell_after: float | None = told
        self._look = look
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    async def of(self, waited: Coroutine[Any, Any, T]) -> T:
        """Return what is waited for; it is given up where this raises.

        Raises:
            TooLateError: It was not there in time.
            ConnectionResetError: The client has left.
        """
        task = asyncio.ensure_future(waited)
        try:
            while True:
                left = self._began + self._seconds - self._clock()
                done, _ = await asyncio.wait([task], timeout=min(self._look, max(0.0, left)))
                if done:
                    return task.result()
                if left <= 0:
                    IMAGE_FIRST_BYTE.reached()
                    most = f"{self._seconds:g} s, the most that 'limits.first_byte' allows"
                    raise TooLateError(f"sent nothing within {most}")
                if self._has_left():
                    raise ConnectionResetError("the client has left")
                self._tell()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    def _tell(self) -> None:
        if self._tell_after is not None and self._clock() - self._began >= self._tell_after:
            self._tell_after = None
            self._waits(self._seconds)
