"""What a pattern finds in texts of which most lines are the same: each line is searched once. Pure.

Of two machines of one kind, nearly all lines of what they are given are equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_LONGEST: Final = 1 << 10
"""Characters of a line that is remembered."""
_KEPT: Final = 1 << 10
"""Lines."""


class ByLines:
    """A pattern that finds nothing beyond the end of a line.

    Args:
        pattern: It has one group at most; see `re.Pattern.findall`.
        fewest: Characters that a line has at least in which it finds something.
    """

    def __init__(self, pattern: re.Pattern[str], fewest: int = 1) -> None:
        self._fewest = fewest
        self._find = pattern.findall
        self._known = lru_cache(_KEPT)(self._find_all)

    def found(self, text: str) -> Iterator[str]:
        """Walk what `re.Pattern.findall` gives for a text."""
        for line in text.split("\n"):
            if len(line) >= self._fewest:
                yield from self._known(line) if len(line) <= _LONGEST else self._find(line)

    def finds(self, text: str) -> bool:
        """Tell whether it finds anything in a text."""
        return any(True for _ in self.found(text))

    def _find_all(self, line: str) -> tuple[str, ...]:
        return tuple(self._find(line))
