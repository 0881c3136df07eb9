"""What other servers lately did not have, or had wrong, so that no hall asks for it anew. Pure."""

from __future__ import annotations

from collections.abc import Callable

from pyxie.bounded import note
from pyxie.bounds import IMAGE_ABSENT, IMAGE_DOUBT, IMAGE_REFUSALS
from pyxie.outbound.reach import Reach

Absence = tuple[int, str]
"""The status of an answer, and what it means in plain words."""


class Lately:
    """Remembers that, for a short time.

    Who may not reach a place is told nothing of what others found there: so the reach counts.

    Args:
        clock: Seconds, by a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._absent: dict[tuple[str, Reach], tuple[float, Absence]] = {}
        self._wrong: dict[tuple[str, Reach], tuple[float, str]] = {}

    def __len__(self) -> int:
        """How much it remembers, also of what is too long ago."""
        return len(self._absent) + len(self._wrong)

    def absent(self, url: str, reach: Reach, status: int, why: str) -> None:
        """Note that a server has no such file."""
        if note(self._absent, (url, reach), (self._clock(), (status, why)), IMAGE_REFUSALS.whole):
            IMAGE_REFUSALS.reached()

    def wrong(self, url: str, reach: Reach, digest: str) -> None:
        """Note that a file has this SHA-256, which is not what it should be."""
        if note(self._wrong, (url, reach), (self._clock(), digest), IMAGE_REFUSALS.whole):
            IMAGE_REFUSALS.reached()

    def absence(self, url: str, reach: Reach) -> Absence | None:
        """Return what a server said that has no such file; None if it may be asked."""
        at, known = self._absent.get((url, reach), (0.0, None))
        return known if self._clock() - at < IMAGE_ABSENT.most else None

    def digest(self, url: str, reach: Reach) -> str:
        """Return the digest that was wrong; empty if none was."""
        at, known = self._wrong.get((url, reach), (0.0, ""))
        return known if self._clock() - at < IMAGE_DOUBT.most else ""

    def forget(self, url: str, reach: Reach) -> None:
        """Have a server be asked, whatever it gave: somebody says that it was mended."""
        self._absent.pop((url, reach), None)
        self._wrong.pop((url, reach), None)
