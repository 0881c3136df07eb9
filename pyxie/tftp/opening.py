"""Requests whose files are being found and opened: in threads, for a file system may hang."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol, TypeAlias

from pyxie.bounds import TFTP_PER_ADDRESS, TFTP_TOTAL, Bound
from pyxie.tftp.files import Content, Library, Opened, look
from pyxie.tftp.keptopen import KeptOpen
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest
from pyxie.tftp.source import Found, Source
from pyxie.threads import Pool

Ready: TypeAlias = Callable[[str, str], Found | None]
"""Told a name as a client spelt it, and its address."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A datagram on the server's port, and between which addresses it travelled."""

    datagram: bytes
    peer: tuple[str, int]
    local: IPv4Address


class Finds(Protocol):
    """Finds some files, and may take its time."""

    async def __call__(self, name: str, peer: str, local: IPv4Address, /) -> Found | None:
        """Return what a name means, or None for what others know.

        Args:
            name: As the client spelt it.
            peer: The client's address.
            local: The address of ours that it asked.
        """
        ...


class Openings:
    """Those under way; of one client's port no more than one.

    Args:
        source: Finds files by name.
        pool: Whose threads do it.
        done: Called with what was asked, what was found, and what is to be sent.
        failed: Called with what was asked, and what was raised.
        first: Is asked before ``source``, and may take its time.
        ready: Returns at once what these would find for a client, where that is known.
    """

    def __init__(
        self,
        source: Source,
        pool: Pool,
        done: Callable[[ReadRequest, Asked, Found, Content], None],
        failed: Callable[[ReadRequest, Asked, Exception], None],
        first: Finds | None = None,
        ready: Ready = lambda _name, _peer: None,
    ) -> None:
        self._source = source
        self._pool = pool
        self._done = done
        self._failed = failed
        self._first = first
        self._ready = ready
        self._library = Library()
        self._kept = KeptOpen()
        self._tasks: dict[tuple[str, int], tuple[Asked, asyncio.Task[None]]] = {}
        self._of_host: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._tasks)

    def full(self, transfers: int, of_host: int, host: str, limits: Limits) -> Bound | None:
        """Return the bound that one more beside so many transfers would exceed, and count it."""
        if of_host + self._of_host[host] >= limits.per_client:
            TFTP_PER_ADDRESS.reached()
            return TFTP_PER_ADDRESS
        if transfers + len(self._tasks) >= limits.total:
            TFTP_TOTAL.reached()
            return TFTP_TOTAL
        return None

    def has(self, asked: Asked) -> bool:
        """Tell whether the same is under way for the same client."""
        known = self._tasks.get(asked.peer)
        return known is not None and known[0].datagram == asked.datagram

    def begin(self, request: ReadRequest, asked: Asked) -> None:
        """Look for a file; what its client asked for before is dropped."""
        self.drop(asked.peer)
        if self._at_once(request, asked):
            return
        task = asyncio.get_running_loop().create_task(self._open(request, asked))
        self._tasks[asked.peer] = asked, task
        self._of_host[asked.peer[0]] += 1

    def drop(self, peer: tuple[str, int]) -> None:
        """Have done with what a client has asked for, if anything."""
        if peer in self._tasks:
            self._forget(peer).cancel()

    def close(self) -> None:
        """Drop all."""
        for peer in list(self._tasks):
            self.drop(peer)
        self._kept.clear()

    async def read_on(self, content: Content, offset: int) -> None:
        """Read what of a file is not in memory, so that it is.

        Raises:
            OSError: It cannot be read.
            BusyError: Its file system does not answer.
        """
        self._library.keep(content, offset, await self._pool.run(content.fetch, offset))

    def _at_once(self, request: ReadRequest, asked: Asked) -> bool:
        """Answer without a thread what is known, and open; False where it is not."""
        if request.mode != "octet":
            return False
        found = self._ready(request.filename, asked.peer[0])
        content = None if found is None else self._kept.get(found)
        if found is None or content is None:
            return False
        self._done(request, asked, found, content.share())
        return True

    async def _open(self, request: ReadRequest, asked: Asked) -> None:
        try:
            known = await self._sought(request, asked)
            sought = known or self._source
            found, opened = await self._pool.run(_find, sought, request, asked)
        except Exception as exc:  # noqa: BLE001 - told on
            self._forget(asked.peer)
            self._failed(request, asked, exc)
        else:
            self._forget(asked.peer)
            self._kept.renew(found, opened)
            content = self._library.lend(opened)
            ready = self._ready(request.filename, asked.peer[0])
            if ready is not None and ready.path == found.path:
                self._kept.keep(found, opened, content)
            self._done(request, asked, found, content)

    async def _sought(self, request: ReadRequest, asked: Asked) -> Found | None:
        if self._first is None:
            return None
        return await self._first(request.filename, asked.peer[0], asked.local)

    def _forget(self, peer: tuple[str, int]) -> asyncio.Task[None]:
        """Take out what a client has asked for: before its end is told, so that nobody waits."""
        _, task = self._tasks.pop(peer)
        self._of_host[peer[0]] -= 1
        if not self._of_host[peer[0]]:
            del self._of_host[peer[0]]
        return task


def _find(source: Source | Found, request: ReadRequest, asked: Asked) -> tuple[Found, Opened]:
    if isinstance(source, Found):
        found = source
    else:
        found = source.open(request.filename, asked.local, IPv4Address(asked.peer[0]))
    return found, look(found, netascii=request.mode == "netascii")
