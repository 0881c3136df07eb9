"""Which operation a plain path is of, where it has several patterns; see `pyxie.http.atonce`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")

_PATTERN: Final = re.compile(r"\{(\w+)(:[^}]*)?\}")


class Found(NamedTuple, Generic[T]):
    """What a path is of.

    Attributes:
        route: As it is counted.
        what: Was added for it.
        words: What stands for its patterns, by their names.
    """

    route: str
    what: T
    words: Mapping[str, str]

    def shown(self, path: str) -> str:
        """Return a path without the token that stands in it."""
        token = self.words.get("token")
        return path.replace(token, "***") if token else path


class Paths(Generic[T]):
    """Those of some operations; of each, what a slash is in stands for no pattern."""

    def __init__(self) -> None:
        self._paths: list[tuple[re.Pattern[str], str, T]] = []

    def add(self, path: str, what: T) -> None:
        """Have a path be found.

        Args:
            path: As aiohttp writes patterns.
            what: It is of.
        """
        matched = re.compile(_PATTERN.sub(r"(?P<\1>[^/]+)", path))
        self._paths.append((matched, _PATTERN.sub(r"{\1}", path), what))

    def find(self, path: str) -> Found[T] | None:
        """Return what a path without escapes is of; None if of nothing that was added."""
        for matched, route, what in self._paths:
            if found := matched.fullmatch(path):
                return Found(route, what, found.groupdict())
        return None
