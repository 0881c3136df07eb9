"""Bounds on connections: so many an address, so many in all, and no silent ones.

aiohttp has none of these; each connection passes here on its way to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from pyxie.bounds import HTTP_FIRST_REQUEST, HTTP_PER_ADDRESS, HTTP_TOTAL
from pyxie.http.gate import address

log = logging.getLogger(__name__)

FIRST_REQUEST = HTTP_FIRST_REQUEST.most
"""Seconds from connecting to the end of the first request's head; aiohttp's own timeouts
begin after that."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections may be held.

    Attributes:
        per_address: By one address.
        total: By all.
    """

    per_address: int
    total: int


class Admission:
    """Counts connections; `wrap` makes the protocol factory for the listening socket.

    Args:
        limits: Those of now.
        patience: Seconds for the first request.
    """

    def __init__(
        self, limits: Callable[[], ConnectionLimits], patience: float = FIRST_REQUEST
    ) -> None:
        self.patience = patience
        self._limits = limits
        self._held: Counter[str] = Counter()
        self._all: set[_Connection] = set()
        self._by_transport: dict[asyncio.BaseTransport, _Connection] = {}
        self._warned: float = -60.0

    def wrap(self, factory: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Return a factory whose protocols count before they hand over to ``factory``'s."""
        return lambda: _Connection(self, factory)

    def begun(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request's head came in whole."""
        if transport is not None and transport in self._by_transport:
            self._by_transport[transport].begun()

    def enter(self, connection: _Connection, peer: str) -> bool:
        """Count a new connection; False if it is one too many."""
        limits = self._limits()
        if len(self._all) >= limits.total:
            HTTP_TOTAL.reached()
            return self._refuse(f"{limits.total} in all: 'limits.http_total'")
        if self._held[peer] >= limits.per_address:
            HTTP_PER_ADDRESS.reached()
            return self._refuse(f"{limits.per_address} from {peer}: 'limits.http_per_address'")
        self._held[peer] += 1
        self._all.add(connection)
        if connection.transport is not None:
            self._by_transport[connection.transport] = connection
        return True

    def leave(self, connection: _Connection, peer: str) -> None:
        """Count a connection no more."""
        self._all.discard(connection)
        if connection.transport is not None:
            self._by_transport.pop(connection.transport, None)
        self._held[peer] -= 1
        if not self._held[peer]:
            del self._held[peer]

    def _refuse(self, why: str) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._warned >= 60.0:
            self._warned = now
            log.warning("HTTP connections are refused; too many: %s", why)
        return False


class _Connection(asyncio.Protocol):
    """Stands between a transport and aiohttp's protocol, which is made only on admission."""

    def __init__(self, admission: Admission, factory: Callable[[], asyncio.Protocol]) -> None:
        self.transport: asyncio.BaseTransport | None = None
        self._admission = admission
        self._factory = factory
        self._inner: asyncio.Protocol | None = None
        self._peer = ""
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        peername = transport.get_extra_info("peername")
        self._peer = str(address(peername[0])) if peername else ""
        if not self._admission.enter(self, self._peer):
            cast("asyncio.Transport", transport).abort()
            return
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(self._admission.patience, self._give_up)
        self._inner = self._factory()
        self._inner.connection_made(transport)

    def begun(self) -> None:
        """The first request is in: from here on aiohttp keeps the time."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.begun()
        if self._inner is not None:
            self._admission.leave(self, self._peer)
            self._inner.connection_lost(exc)

    def _give_up(self) -> None:
        if self.transport is not None:
            HTTP_FIRST_REQUEST.reached()
            cast("asyncio.Transport", self.transport).abort()
