"""When an answer is made, as its head says it (RFC 9110 section 6.6.1)."""

from __future__ import annotations

from email.utils import formatdate


class Dates:
    """Written once a second, however many answers there are."""

    def __init__(self) -> None:
        self._second, self._written = -1, b""

    def at(self, now: float) -> bytes:
        """Return a date.

        Args:
            now: Seconds since the epoch.
        """
        if (second := int(now)) != self._second:
            self._second, self._written = second, formatdate(second, usegmt=True).encode()
        return self._written
