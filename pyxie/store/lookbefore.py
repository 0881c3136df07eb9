"""A look at the state's file before something is written, in the thread that writes; it may hang.

To have it in a thread of its own was a hand-over more for each write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyxie.bounds import STORE_LOOK

_WAITS: Final = "waits"
_LOOKS: Final = "looks"
_OVER: Final = "over"


class GivenUpError(Exception):
    """The look took too long, and who waited was told that nothing was stored."""


class LookBefore:
    """One look; called in the thread.

    Args:
        look: Raises where nothing may be written.
        hangs: Makes what is raised where it takes too long.
    """

    def __init__(self, look: Callable[[], None], hangs: Callable[[], Exception]) -> None:
        self._look = look
        self._hangs = hangs
        self._now = _WAITS
        self._first = [None]
        """Whoever takes it decides: the thread, that it goes on, or who waits, that it is over."""

    def __call__(self) -> None:
        """Look; raises what the look does, or GivenUpError, and then nothing is to be written."""
        self._now = _LOOKS
        self._look()
        if not self._is_first():
            raise GivenUpError
        self._now = _OVER

    def check(self) -> None:
        """Raise what tells that it hangs, if it was begun and goes on; on the event loop.

        Called after some time, and again after as much.
        """
        if self._now == _LOOKS and self._is_first():
            STORE_LOOK.reached()
            raise self._hangs()

    def _is_first(self) -> bool:
        try:
            self._first.pop()
        except IndexError:
            return False
        return True
