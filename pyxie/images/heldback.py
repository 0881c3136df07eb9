"""What is held back of a stream until all of it is known to be right."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

Judge = Callable[[str], Awaitable[object]]
"""Is told the SHA-256 of all of it, in hex; raises if it is wrong."""


class HeldBack:
    """Keeps the last piece: who has all but that has no file, and knows it.

    Args:
        judge: Asked at the end; None lets all through at once.
    """

    def __init__(self, judge: Judge | None) -> None:
        self._judge = judge
        self._hashed = hashlib.sha256()
        self._last = b""

    def after(self, piece: bytes) -> bytes:
        """Return what may be passed on now that ``piece`` has come."""
        if self._judge is None:
            return piece
        self._hashed.update(piece)
        free, self._last = self._last, piece
        return free

    async def end(self) -> bytes:
        """Return what is left, once it is known to be right; raises what the judge raises."""
        if self._judge is not None:
            await self._judge(self._hashed.hexdigest())
        return self._last
