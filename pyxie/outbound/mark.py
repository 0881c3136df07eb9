"""The mark on pyxie's own fetches, by which every pyxie knows them: never callers. Pure.

It is the header Via, which a gateway has to add (RFC 9110 section 7.6.3), with pyxie's name.
Whoever sends it without need loses rights by it, and gains none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pyxie.bounds import FETCH_PYXIES
from pyxie.errors import PyxieError

VIA: Final = "Via"
_MINE: Final = "1.1 pyxie"
_MEMBER: Final = re.compile(r"\s*(?:[^\s/]+/)?[^\s/]+\s+pyxie\s*(?:\(.*)?", re.IGNORECASE)


class CircleError(PyxieError):
    """A request has come by way of too many pyxies, or of one that asks itself."""

    def __str__(self) -> str:
        return "the URL leads back to pyxie itself, in a circle"


def is_fetch(headers: Mapping[str, str]) -> bool:
    """Tell whether a request is the fetch of a pyxie, this one or another."""
    return any(map(_MEMBER.fullmatch, _members(headers)))


def onward(headers: Mapping[str, str]) -> str:
    """Return the value of Via for a fetch.

    Args:
        headers: Of the request that it is made for; none for one of pyxie's own accord.

    Raises:
        CircleError: There were too many before.
    """
    before = sum(_MEMBER.fullmatch(each) is not None for each in _members(headers))
    if before >= FETCH_PYXIES.most:
        FETCH_PYXIES.reached()
        raise CircleError
    # Nothing else of it is passed on: it is whatever a stranger sent.
    return ", ".join([_MINE] * (before + 1))


def _members(headers: Mapping[str, str]) -> Iterator[str]:
    # There may be several of the name, each a list.
    for name, value in headers.items():
        if name.lower() == "via":
            yield from value.split(",")
