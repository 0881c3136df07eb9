"""What other servers' answers are called: in our words, never in theirs. Pure."""

from __future__ import annotations

from http import HTTPStatus


def phrase(status: int) -> str:
    """Return a status with its meaning, as ``404 Not Found``.

    The server's own words for it may be anything, and of any length.
    """
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
