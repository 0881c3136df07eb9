"""Keeps the kernel told of which machines are known: see `pyxie.dhcp.sieve`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, runtime_checkable

from pyxie.dhcp.decide import Port
from pyxie.dhcp.sieve import BITS, FEWEST, Sieve
from pyxie.errors import BusyError
from pyxie.threads import Pool

log = logging.getLogger(__name__)

PAUSE: Final = 1.0
"""Seconds between two. A machine that the kernel knows nothing of yet is served all the same."""

Macs = Callable[[], Iterable[str]]


@runtime_checkable
class Sifted(Protocol):
    """A socket that gets known machines' requests, or all others'."""

    port: Port
    strangers: bool

    def sift(self, program: bytes) -> None:
        """Have the kernel pass what is for this one; raises OSError."""
        ...


class Sorting:
    """Has the kernel sort requests; for the event loop.

    Args:
        macs: Gives, of now, what lists the MACs of known machines in a thread.
        secret: Of the sieve; any number.
    """

    def __init__(self, macs: Callable[[], Macs], secret: int) -> None:
        self._macs = macs
        self._secret = secret & 0xFFFFFFFF | 1
        self._pool = Pool("known machines")
        self._stale = asyncio.Event()
        self._bits = BITS

    def changed(self) -> None:
        """Note that others may be known than a moment before; cheap."""
        self._stale.set()

    async def keep(self, sockets: Sequence[Sifted]) -> None:
        """Tell the kernel, now and after changes, until cancelled.

        Args:
            sockets: That of known machines first: so what is new comes by both for a moment,
                rather than by none.
        """
        self._stale.set()
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                for each, program in await self._pool.run(self._programs, self._macs(), sockets):
                    each.sift(program)
            except BusyError:
                self._stale.set()
            except OSError as exc:
                self._too_large(exc)
            await asyncio.sleep(PAUSE)

    def _programs(self, macs: Macs, sockets: Sequence[Sifted]) -> list[tuple[Sifted, bytes]]:
        known = (bytes.fromhex(mac.replace(":", "")) for mac in macs())
        sieve = Sieve(known, self._secret, self._bits)
        return [(each, sieve.program(each.port, known=not each.strangers)) for each in sockets]

    def _too_large(self, exc: OSError) -> None:
        if self._bits > FEWEST:
            self._bits -= 1
            self._stale.set()
            return
        why = exc.strerror
        log.warning("DHCP: the kernel is not told which machines are known: %s", why)
