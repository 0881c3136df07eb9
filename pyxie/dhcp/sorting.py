"""Keeps the kernel told of which machines are known: see `pyxie.dhcp.sieve`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol, runtime_checkable

from pyxie.bounds import DHCP_LOUD
from pyxie.dhcp.decide import Port
from pyxie.dhcp.sieve import FEWEST, MOST, Sieve
from pyxie.errors import BusyError
from pyxie.threads import Pool

log = logging.getLogger(__name__)

PAUSE: Final = 1.0
"""Seconds between two. A machine that the kernel knows nothing of yet is served all the same."""

LOUD: Final = 10.0
"""Seconds for which a machine counts as one of the others, after a flood of its MAC."""

Macs = Callable[[], Iterable[str]]
"""Lists them; what it returns is another object when it lists others."""


class Told(NamedTuple):
    """What the kernel was told by.

    Attributes:
        listed: Who is known, as it was listed.
        loud: Who of them counts as one of the others.
        known: The hash of the MACs that makes.
    """

    listed: Iterable[str]
    loud: frozenset[bytes]
    known: int


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
        self._most = MOST
        self._anew = False
        """The kernel is to be told, whoever it was told of before."""
        self._loud: dict[bytes, float] = {}
        """Known machines whose MAC is made a flood of, and until when they count as others."""

    def changed(self) -> None:
        """Note that others may be known than a moment before; cheap."""
        self._stale.set()

    def missed(self, mac: bytes) -> None:
        """Note that a known machine's request came with those of strangers; cheap."""
        if mac not in self._loud:
            self._anew = True
            self.changed()

    def loud(self, mac: bytes) -> None:
        """Note that a flood is made of a known machine's MAC; cheap.

        What is beyond its bound is not answered anyway; so it takes strangers' room, not that of
        the other machines.
        """
        if mac not in self._loud:
            if len(self._loud) >= DHCP_LOUD.whole:
                DHCP_LOUD.reached()
                return
            self.changed()
        self._loud[mac] = asyncio.get_running_loop().time() + LOUD

    async def keep(self, sockets: Sequence[Sifted]) -> None:
        """Tell the kernel, now and after changes, until cancelled.

        Args:
            sockets: That of known machines first: so what is new comes by both for a moment,
                rather than by none.
        """
        self._stale.set()
        told: Told | None = None
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE if self._loud else None):
                    await self._stale.wait()
            if not self._quiet_again() and not self._stale.is_set():
                continue
            self._stale.clear()
            if self._anew:
                self._anew, told = False, None
            try:
                loud = frozenset(self._loud)
                told, programs = await self._pool.run(
                    self._programs, self._macs(), loud, sockets, told
                )
                for each, program in programs:
                    each.sift(program)
            except BusyError:
                self._stale.set()
            except OSError as exc:
                told = None
                self._too_large(exc)
            await asyncio.sleep(PAUSE)

    def _quiet_again(self) -> bool:
        """Tell whether some machine's flood is over, and forget it."""
        now = asyncio.get_running_loop().time()
        over = [mac for mac, until in self._loud.items() if until <= now]
        for mac in over:
            del self._loud[mac]
        return bool(over)

    def _programs(
        self, macs: Macs, loud: frozenset[bytes], sockets: Sequence[Sifted], told: Told | None
    ) -> tuple[Told, list[tuple[Sifted, bytes]]]:
        """Return what each socket is to be told, and by what.

        Most news leave them as they are; then it is nothing. That is seen at a glance: it is
        asked each second while builds begin, and thousands may be known.

        Args:
            macs: Lists who is known.
            loud: Who is to count as one of the others.
            sockets: They.
            told: By what they were told before.
        """
        listed = macs()
        if told is not None and listed is told.listed and loud == told.loud:
            return told, []
        known = frozenset(bytes.fromhex(mac.replace(":", "")) for mac in listed) - loud
        now = Told(listed, loud, hash(known))
        if told is not None and now.known == told.known:
            return now, []
        sieve = Sieve(known, self._secret, self._most)
        programs = [(each, sieve.program(each.port, known=not each.strangers)) for each in sockets]
        return now, programs

    def _too_large(self, exc: OSError) -> None:
        if self._most > FEWEST:
            self._most //= 2
            self._stale.set()
            return
        why = exc.strerror
        log.warning("DHCP: the kernel is not told which machines are known: %s", why)
