"""Heads of requests that are like one that aiohttp has read before: they need not be read again.

What iPXE, or a program that watches pyxie, sends behind the first line is the same each time, to
the byte. So what it means is known by what it meant when it was parsed; nothing is parsed here but
the first line, and that only in its plainest form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from pyxie.bounded import note
from pyxie.bounds import HEAD_KNOWN, HEADS_KNOWN

_END: Final = b"\r\n\r\n"
_FIRST: Final = re.compile(
    rb"GET (/[0-9A-Za-z/:._-]{0,128})(?:\?([0-9A-Za-z=]{0,16}))? HTTP/1\.1\r\n"
)
_PLAIN: Final = frozenset(
    ("host", "user-agent", "accept", "accept-encoding", "accept-language", "connection")
)
"""Headers that change nothing of a plain answer, but for what `pyxie.http.gate` asks of Host."""


class Head(NamedTuple):
    """What a request's head says.

    Attributes:
        path: As it was sent, without escapes.
        query: The same, without the question mark.
        headers: As they were parsed.
        closes: Whether the connection is over with the answer.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    closes: bool = False


def is_whole(data: bytes) -> bool:
    """Tell whether bytes are one head of a GET, from its beginning to its end, and no byte more.

    In the plain form, each line with its two ends: what some would read as two heads is none.
    """
    return (
        data.startswith(b"GET ")
        and data.endswith(_END)
        and data.find(_END) == len(data) - len(_END)
        and data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    )


class KnownHeads:
    """What follows the first lines of requests, as it was parsed once.

    The one that was not used for the longest is forgotten: strangers make up as many as they like.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Mapping[str, str], bool]] = {}

    def read(self, data: bytes) -> Head | None:
        """Return what a head says; None if it is not whole, or not like one that is known."""
        first = _FIRST.match(data)
        if first is None:
            return None
        rest = data[first.end() :]
        known = self._known.pop(rest, None)
        if known is None:
            return None
        self._known[rest] = known
        path, query = first.groups(b"")
        return Head(path.decode(), query.decode(), *known)

    def learn(
        self, data: bytes, target: str, headers: Mapping[str, str], *, closes: bool = False
    ) -> None:
        """Take note of what a head meant.

        Args:
            data: All of it; see `is_whole`.
            target: What it asked for, as it was parsed.
            headers: The same, of a request without a body.
            closes: The same, of whether the connection is over with the answer.
        """
        first = _FIRST.match(data)
        if first is None or data[4 : first.end() - 11] != target.encode() or not is_whole(data):
            return
        rest = data[first.end() :]
        if len(rest) > HEAD_KNOWN.whole:
            HEAD_KNOWN.reached()
        elif _PLAIN.issuperset(map(str.lower, headers)):
            HEADS_KNOWN.reached(note(self._known, rest, (headers, closes), HEADS_KNOWN.whole))
