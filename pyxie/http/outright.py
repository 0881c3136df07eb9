"""What answers a request in the callback that it has come in by; see `pyxie.http.atonce`."""

from __future__ import annotations

from typing import NamedTuple


class Answer(NamedTuple):
    """A whole answer.

    Attributes:
        data: All of it.
        closes: The connection is over with it.
    """

    data: bytes
    closes: bool
