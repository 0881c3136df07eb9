"""How long builds last, and how long their ends are remembered, by a clock that is never set."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from pyxie.builds.life import State

DONE_AGAIN: Final = 86_400.0
"""How long, in seconds, a repeated ``done`` or ``failed`` is answered as the first was."""
REPEATED: Final = frozenset({State.INSTALLED, State.FAILED})
"""The ends that an installer may tell again: its answer was lost, or it was booted anew."""


class Elapsed:
    """When the builds in force began, and those of the last day ended.

    It is told the time: seconds of one clock, in which moments before its start are negative.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._ended: OrderedDict[tuple[str, str], tuple[State, float]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many builds and ends are kept."""
        return len(self._since) + len(self._ended)

    def began(self, token: str, moment: float) -> None:
        """Count from ``moment`` how long the build with that token lasts."""
        self._since[token] = moment

    def lasts(self, token: str, now: float) -> float:
        """Return for how many seconds a build has lasted; 0 for one that has not begun."""
        return now - self._since.get(token, now)

    def ended(self, host: str, token: str, state: State, moment: float) -> None:
        """Count no more how long a build lasts; remember an end that may be told again."""
        self._since.pop(token, None)
        if state in REPEATED:
            self._ended[host, token] = state, moment
            self._ended.move_to_end((host, token))

    def repeats(self, host: str, token: str, state: State, now: float) -> bool:
        """Return whether that build has ended so within a day."""
        ended = self._ended.get((host, token))
        return ended is not None and ended[0] is state and now - ended[1] < DONE_AGAIN

    def forget(self, now: float) -> None:
        """Forget what ended over a day ago."""
        oldest = now - DONE_AGAIN
        while self._ended and next(iter(self._ended.values()))[1] < oldest:
            self._ended.popitem(last=False)
