"""What answers a request in the callback that it has come in by; see `pyxie.http.atonce`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol


class Answer(NamedTuple):
    """A whole answer.

    Attributes:
        data: All of it.
        closes: The connection is over with it.
    """

    data: bytes
    closes: bool


class Begins(Protocol):
    """An answer that is not whole yet."""

    def begin(self, transport: asyncio.BaseTransport, over: Callable[[bool], None], /) -> bool:
        """Begin it; False if that cannot be, and nothing was told or sent.

        Args:
            transport: Of a connection on which nothing is under way.
            over: Told at the end whether the connection is over, too.
        """
        ...
