"""Who has signed in to the page: in memory, bounded in number and in time.

A session is of one token, and worth no more than that is: whoever looks one up looks the token up
as well, so that it ends with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from pyxie.access.scope import key
from pyxie.bounds import SESSION_AGE, SESSION_IDLE, SESSIONS, SESSIONS_OF_TOKEN


@dataclass(frozen=True, slots=True)
class Session:
    """One browser, signed in.

    Attributes:
        token: The `key` of its token.
        began: When, in seconds of a steady clock.
        used: When it last asked for something, by the same clock.
    """

    token: str
    began: float
    used: float

    def lasts(self, now: float) -> bool:
        """Tell whether it has not been too long since it began, and since it was used."""
        if now - self.began >= SESSION_AGE.most:
            SESSION_AGE.reached()
            return False
        if now - self.used >= SESSION_IDLE.most:
            SESSION_IDLE.reached()
            return False
        return True


class Sessions:
    """All of them. Their secrets are kept hashed: who reads our memory cannot sign in by it.

    Args:
        clock: Seconds, by a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_key: dict[str, Session] = {}
        """By the `key` of its secret; who was idle for longest comes first."""

    def begin(self, secret: str, token: str) -> None:
        """Begin one.

        Of too many, one ends that was idle for longest: of the same token, or else of the token
        that has most, so that nobody's sessions are ended by who has another token.

        Args:
            secret: What its browser is given; 256 bits of chance.
            token: The `key` of its token.
        """
        now = self._clock()
        self._by_key = {each: one for each, one in self._by_key.items() if one.lasts(now)}
        held = Counter(one.token for one in self._by_key.values())
        if held[token] >= SESSIONS_OF_TOKEN.whole:
            SESSIONS_OF_TOKEN.reached()
            self._end_one_of(token)
        elif len(self._by_key) >= SESSIONS.whole:
            SESSIONS.reached()
            self._end_one_of(max(held, key=lambda each: held[each]))
        self._by_key[key(secret.encode())] = Session(token, now, now)

    def find(self, secret: str) -> str | None:
        """Return the `key` of a session's token; None if there is no such session any more."""
        found = self._by_key.get(_key(secret))
        if found is not None and not found.lasts(self._clock()):
            self.end(secret)
            return None
        return None if found is None else found.token

    def use(self, secret: str) -> None:
        """Note that a session, if there is such a one, has asked for something."""
        if self.find(secret) is not None:
            used = self._by_key.pop(_key(secret))
            self._by_key[_key(secret)] = replace(used, used=self._clock())

    def end(self, secret: str) -> None:
        """End a session, if there is such a one."""
        self._by_key.pop(_key(secret), None)

    def __len__(self) -> int:
        return len(self._by_key)

    def _end_one_of(self, token: str) -> None:
        del self._by_key[next(each for each, one in self._by_key.items() if one.token == token)]


def _key(secret: str) -> str:
    # A header's bytes that are no UTF-8 come as lone surrogates.
    return key(secret.encode(errors="surrogateescape"))
