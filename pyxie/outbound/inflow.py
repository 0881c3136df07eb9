"""How the body of another server's answer comes in."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp


class Inflow:
    """The connection of an answer, for as long as it is the answer's.

    With the last byte it goes back to the pool, and may be another's already.
    """

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def at_once(self, size: int) -> None:
        """Read at most ``size`` bytes at once from now on."""
        if self._connection is not None:
            read_at_once(self._connection, size)

    def stop(self) -> None:
        """Read nothing until `go`."""
        if self._connection is not None:
            self._connection.pause_reading()

    def go(self) -> None:
        """Read on."""
        if self._connection is not None:
            self._connection.resume_reading()

    @property
    def _connection(self) -> asyncio.Transport | None:
        connection = self._answer.connection
        return connection.transport if connection is not None else None


def read_at_once(transport: Any, size: int) -> None:
    """Have at most ``size`` bytes read at once; asyncio reads 256 KiB, whoever has to hold them.

    TLS has a buffer of its own.
    """
    if hasattr(transport, "max_size"):
        transport.max_size = size
