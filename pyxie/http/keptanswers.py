"""Answers to machines in build mode, kept as bytes by the whole head that asks for them. Pure.

While what they rest on is the same, so are they. That is compared at each request, by identity:
nobody has to tell of a change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import is_
from typing import Generic, TypeAlias, TypeVar

from pyxie.bounds import HTTP_READY, HTTP_READY_HEADS
from pyxie.builds.life import Build

C = TypeVar("C")
_Key: TypeAlias = tuple[str, bytes]


@dataclass(eq=False, slots=True)
class Kept(Generic[C]):
    """An answer.

    Attributes:
        build: Whose it is, in force.
        route: Of the operation that made it.
        path: Which was asked for.
        head: What it begins with, up to its date.
        rest: What follows that.
        tell: Takes note of what a request tells, by who sends it.
        closes: The connection is over with it.
    """

    build: Build
    route: str
    path: str
    head: bytes
    rest: bytes
    tell: Callable[[C], None]
    closes: bool = False


class KeptAnswers(Generic[C]):
    """Those of now; bounded, of each machine too: strangers may spell a head in many ways.

    Args:
        basis: Gives what all rest on: objects that are replaced when they change. None where that
            cannot be told now.
        active: Gives the build that a machine is in build mode for.
    """

    def __init__(
        self,
        basis: Callable[[], tuple[object, ...] | None],
        active: Callable[[str], Build | None],
    ) -> None:
        self._basis_now = basis
        self._active = active
        self._basis: tuple[object, ...] = ()
        self._kept: dict[_Key, Kept[C]] = {}
        self._of: dict[str, list[_Key]] = {}

    def find(self, via: str, data: bytes) -> Kept[C] | None:
        """Return what answers a head.

        Args:
            via: By which address of ours it came, and port.
            data: All of it.
        """
        kept = self._kept.get((via, data))
        if kept is None or not self._stands():
            return None
        host = kept.build.host
        if self._active(host) is not kept.build:
            self._drop(host)
            return None
        return kept

    def keep(self, via: str, data: bytes, answer: Kept[C]) -> None:
        """Keep an answer that was made a moment ago, of what is there now.

        Args:
            via: As of `find`.
            data: The head, whose length is bounded already.
            answer: To it.
        """
        self._stands()
        key, host = (via, data), answer.build.host
        mine = self._of.setdefault(host, [])
        if key in mine:
            mine.remove(key)
        elif len(mine) >= HTTP_READY_HEADS.whole:
            HTTP_READY_HEADS.reached()
            del self._kept[mine.pop(0)]
        elif len(self._kept) >= HTTP_READY.whole:
            HTTP_READY.reached()
            self._drop(next(iter(self._of)))
            mine = self._of.setdefault(host, [])
        mine.append(key)
        self._kept[key] = answer

    def _stands(self) -> bool:
        """Tell whether all rest on what is there now; if that is another, forget them."""
        now = self._basis_now()
        if now is None:
            return False
        if len(now) == len(self._basis) and all(map(is_, now, self._basis)):
            return True
        self._kept.clear()
        self._of.clear()
        self._basis = now
        return False

    def _drop(self, host: str) -> None:
        for key in self._of.pop(host, ()):
            del self._kept[key]

    def __len__(self) -> int:
        return len(self._kept)
