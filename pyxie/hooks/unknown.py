"""The hooks of unknown machines, on their way to where the others stand: behind everybody else.

Anybody can make up MAC addresses, and each would have a hook run. So one task stores them, many in
one write and a write a second; few are pending at a time, some more wait in memory, and the rest
are dropped. A build's write waits for one of theirs at most.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, Protocol

from pyxie.bounds import UNKNOWN_HOOKS_PENDING, UNKNOWN_HOOKS_WAITING
from pyxie.clock import steady
from pyxie.config.build import Hook
from pyxie.rate import Once
from pyxie.store.pools import StoreError

log = logging.getLogger(__name__)

_EVERY: Final = 1.0
"""Seconds between two writes."""
_AGAIN: Final = 600.0
"""Seconds for which a machine's hooks are not stored again, whatever else has become of it."""


class Pending(Protocol):
    """Where they are stored, see `pyxie.store.pending.PendingHooks`; methods raise StoreError."""

    async def unknown(self) -> int:
        """Return of how many unknown machines hooks are to be run."""
        ...

    async def enqueue_unknown(self, hooks: Sequence[Hook], at: float, macs: Sequence[str]) -> None:
        """Note hooks of unknown machines, in one write."""
        ...


class UnknownHooks:
    """Has them run, in their turn.

    Args:
        pending: Where they are stored; its database is entered before this is used.
        commands: The settings' hooks for unknown machines, as of now.
        stored: Called when some are to be run.
        clock: Seconds since the epoch, for dates.
        steady: Seconds, by a clock that is never set.
        every: Seconds between two writes.
    """

    def __init__(
        self,
        pending: Pending,
        commands: Callable[[], Sequence[Hook]],
        stored: Callable[[], None],
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady,
        every: float = _EVERY,
    ) -> None:
        self._pending = pending
        self._commands = commands
        self._stored = stored
        self._clock = clock
        self._steady = steady
        self._every = every
        self._once = Once(_AGAIN)
        self._failed = Once()
        self._due: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Of how many machines hooks wait to be stored."""
        return len(self._due)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another machine; who asks is about to drop it."""
        full = bool(self._commands()) and len(self._due) >= UNKNOWN_HOOKS_WAITING.whole
        if full:
            UNKNOWN_HOOKS_WAITING.reached()
        return full

    def run_for(self, mac: str) -> None:
        """Have the hooks run for an unknown machine, if there are any; never waits."""
        if not self._commands() or self.is_full or not self._once.news(mac, self._steady()):
            return
        self._due[mac] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work(), name="unknown")

    async def _work(self) -> None:
        try:
            while self._due:
                try:
                    await self._store()
                except StoreError as exc:
                    if self._failed.news("", self._steady()):
                        log.error("hooks of unknown machines cannot be stored: %s", exc)  # noqa: TRY400
                await asyncio.sleep(self._every)
        finally:
            self._task = None

    async def _store(self) -> None:
        """Store as many as may be pending."""
        room = UNKNOWN_HOOKS_PENDING.whole - await self._pending.unknown()
        if room <= 0:
            UNKNOWN_HOOKS_PENDING.reached()
            return
        macs, hooks = list(islice(self._due, room)), self._commands()
        if hooks:
            await self._pending.enqueue_unknown(hooks, self._clock(), macs)
        for mac in macs:
            del self._due[mac]
        if hooks:
            self._stored()
