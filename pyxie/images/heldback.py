"""What is held back of a stream until all of it is known to be right."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

Judge = Callable[[str, str], Awaitable[object]]
"""Is told the SHA-256 of all of it, in hex, and its SHA-512; raises if it is wrong."""


class HeldBack:
    """Keeps the last piece: who has all but that has no file, and knows it.

    Args:
        judge: Asked at the end; None lets all through at once.
        long: It asks for the SHA-512, too, which is empty else.
    """

    def __init__(self, judge: Judge | None, *, long: bool = False) -> None:
        self._judge = judge
        self._hashed = hashlib.sha256()
        self._long = hashlib.sha512() if long else None
        self._last = b""

    def after(self, piece: bytes) -> bytes:
        """Return what may be passed on now that ``piece`` has come."""
        if self._judge is None:
            return piece
        self._hashed.update(piece)
        if self._long is not None:
            self._long.update(piece)
        free, self._last = self._last, piece
        return free

    async def end(self) -> bytes:
        """Return what is left, once it is known to be right; raises what the judge raises."""
        if self._judge is not None:
            sha512 = self._long.hexdigest() if self._long is not None else ""
            await self._judge(self._hashed.hexdigest(), sha512)
        return self._last
