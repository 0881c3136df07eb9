"""How often somebody may try a token that is none. Told the time.

A token is not guessed: it has 256 bits of chance. But one of config.yaml is as good as its author
made it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from pyxie.bounds import WRONG_TOKENS, WRONG_TOKENS_EACH
from pyxie.rate import TokenBuckets

_MINUTE: Final = 60.0


class Attempts:
    """Counts those that were wrong, by address and in all.

    Beyond the bounds none is looked at, right or wrong, or one could go on.
    """

    def __init__(self) -> None:
        self._each = _bucket(WRONG_TOKENS_EACH.most)
        self._all = _bucket(WRONG_TOKENS.most)

    def wait(self, whose: Hashable, group: Hashable, now: float) -> float:
        """Return the seconds until another may be looked at; 0 for now.

        Args:
            whose: The address, or network, that it is from.
            group: Who share the bound on all, so that strangers use up nobody else's.
            now: The time, in seconds.
        """
        each, all_of_them = self._each.wait(whose, now), self._all.wait(group, now)
        if each:
            WRONG_TOKENS_EACH.reached()
        elif all_of_them:
            WRONG_TOKENS.reached()
        return max(each, all_of_them)

    def failed(self, whose: Hashable, group: Hashable, now: float) -> None:
        """Count one that was wrong; arguments as of `wait`."""
        self._each.allow(whose, now)
        self._all.allow(group, now)


def _bucket(a_minute: float) -> TokenBuckets:
    return TokenBuckets(a_minute / _MINUTE, burst=a_minute)
