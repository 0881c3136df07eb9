"""The service that runs hooks: off the hot path, a machine's one by one, once if we live.

A hook that was claimed is run, and its result is stored, however long the store takes to come
back; only where the daemon ends in between is the hook run again, by the next.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, nullcontext
from types import TracebackType
from typing import Any, Final, Protocol, Self

from pyxie.bounds import HOOKS_AT_ONCE, HOOKS_BEFORE, HOOKS_NEW, HOOKS_OF_STRANGERS
from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.errors import PyxieError
from pyxie.hooks.executor import Occasion
from pyxie.hooks.process import Outcome
from pyxie.service import end_all
from pyxie.store.pending import UNKNOWN, HookResult, PendingHook, PendingHooks
from pyxie.store.pools import StoreError

log = logging.getLogger(__name__)

_NEW: Final = 10.0
_RETRY: Final = 5.0
_LAST_WRITE: Final = 2.0
"""Seconds for the results of what has ended, when we stop."""


class HookFailedError(PyxieError):
    """A hook before a build failed, and it has ``errors_fatal``."""

    def __init__(self, key: str, at: int, outcome: Outcome) -> None:
        super().__init__(key, at, outcome)
        self.key = key
        self.at = at
        self.outcome = outcome

    def __str__(self) -> str:
        last = self.outcome.output.strip().rpartition("\n")[2][:200]
        message = f": {last}" if last else ""
        return f"{self.key}[{self.at}] failed ({self.outcome.result}){message}"


class Records(Protocol):
    """What is asked of `pyxie.builds.records.BuildRecords`."""

    async def build(self, number: int) -> Build | None:
        """Return a build by its number; raises StoreError."""
        ...


class Hooks:
    """A `pyxie.service.Service` that runs what `PendingHooks` says is pending.

    Args:
        pending: Where they stand; its database is entered before this is.
        records: The builds that hooks are of.
        execute: Runs one; see `pyxie.hooks.executor.Executor`.
        clock: Seconds since the epoch.
        retry: Seconds after which the store is tried again.
        new: Seconds after which a hook leaves its place among `HOOKS_NEW` to another, and runs on.
    """

    name = "hooks"

    def __init__(
        self,
        pending: PendingHooks,
        records: Records,
        execute: Callable[[Hook, Occasion], Coroutine[Any, Any, Outcome]],
        *,
        clock: Callable[[], float] = time.time,
        retry: float = _RETRY,
        new: float = _NEW,
    ) -> None:
        self._pending = pending
        self._records = records
        self._execute = execute
        self._clock = clock
        self._retry = retry
        self._new_for = new
        self._due = asyncio.Event()
        self._due.set()  # what a daemon before us left
        self._busy: dict[str, asyncio.Task[None]] = {}
        """By machine; who is in it is alone with that machine's hooks."""
        self._storing: set[asyncio.Task[None]] = set()
        self._new = asyncio.Semaphore(HOOKS_NEW.whole)
        self._strangers = asyncio.Semaphore(HOOKS_OF_STRANGERS.whole)
        self._before = asyncio.Semaphore(HOOKS_BEFORE.whole)
        self._beginning: dict[str, tuple[asyncio.Lock, int]] = {}
        """By machine, who is alone with the hooks before its build, and how many wait for that."""
        self._stopping = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # They stay pending, and are run again by the next daemon.
        await end_all(self._busy.values())
        storing = list(self._storing)
        if storing:
            _, left = await asyncio.wait(storing, timeout=_LAST_WRITE)
            await end_all(left)

    def wake(self) -> None:
        """Look at what is pending, soon."""
        self._due.set()

    async def serve(self) -> None:
        """Run what is pending, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            busy = tuple(self._busy)
            free = HOOKS_AT_ONCE.whole - len(busy)
            if free <= 0:
                HOOKS_AT_ONCE.reached()
                continue  # whose turn ends says so
            try:
                hosts = await self._pending.hosts(busy, free)
            except StoreError as exc:
                log.error("hooks: the state cannot be read: %s", exc)  # noqa: TRY400
                await asyncio.sleep(self._retry)
                self._due.set()
                continue
            for host in hosts:
                if not self._stopping and host not in self._busy:
                    task = asyncio.create_task(self._in_turn(host), name=f"hooks of {host}")
                    self._busy[host] = task

    async def drain(self) -> None:
        """Begin none any more; wait for those that run, of which one may take an hour."""
        self._stopping = True
        while running := [*self._busy.values(), *self._storing]:
            await asyncio.wait(running)

    @asynccontextmanager
    async def alone(self, host: str) -> AsyncIterator[None]:
        """Be the only one who runs hooks before a machine's build, until that has begun."""
        lock, count = self._beginning.get(host, (asyncio.Lock(), 0))
        self._beginning[host] = lock, count + 1
        try:
            async with lock:
                yield
        finally:
            _, count = self._beginning[host]
            if count > 1:
                self._beginning[host] = lock, count - 1
            else:
                del self._beginning[host]

    async def before(self, build_of: Build, kind: str, hooks: Sequence[Hook]) -> list[Ran]:
        """Run the hooks before a build, in the caller's time.

        Args:
            build_of: The build as it will be.
            kind: ``prebuild``.
            hooks: Of its machine.

        Returns:
            What came of each; to be noted once the build has its number.

        Raises:
            HookFailedError: One with ``errors_fatal`` failed; those after it were not run.
        """
        ran: list[Ran] = []
        of = Occasion(kind=kind, host=build_of.host, mac=build_of.mac, build=build_of)
        for at, hook in enumerate(hooks):
            if self._before.locked():
                HOOKS_BEFORE.reached()
            async with self._before:
                outcome = await self._execute(hook, of)
            ran.append((hook, outcome))
            if hook.errors_fatal and not outcome.ok:
                raise HookFailedError(f"{kind}_commands", at, outcome)
        return ran

    async def note(self, build: Build, kind: str, ran: Sequence[Ran]) -> None:
        """Store the results of the hooks before ``build``."""
        try:
            kept = [(hook, _kept(hook, outcome)) for hook, outcome in ran]
            await self._pending.note(kind, kept, self._clock(), build.host, build.number)
        except StoreError as exc:
            log.error("hooks: results cannot be stored: %s", exc)  # noqa: TRY400

    async def enqueue(
        self, kind: str, hooks: Sequence[Hook], host: str, build: Build | None, mac: str | None
    ) -> None:
        """Have hooks run that belong to no change of a build's state."""
        number = build.number if build else None
        try:
            await self._pending.enqueue(kind, hooks, self._clock(), host, build=number, mac=mac)
        except StoreError as exc:
            log.error("hooks: %s of %s cannot be stored, and will not run: %s", kind, host, exc)  # noqa: TRY400
            return
        self.wake()

    async def history(self, host: str) -> list[dict[str, Any]]:
        """Return what was run for the machine's builds; raises StoreError."""
        return await self._pending.history(host)

    async def _in_turn(self, host: str) -> None:
        """Run a machine's hooks, one after the other, until none is pending."""
        try:
            while pending := await self._pending.of(host):
                for each in pending:
                    if self._stopping:
                        return
                    await self._run(each)
        except StoreError as exc:
            log.error("hooks: the state cannot be used: %s", exc)  # noqa: TRY400
            await asyncio.sleep(self._retry)
        except Exception:
            # The boundary: a bug met with one machine must not end the others' hooks.
            log.exception("a bug, with the hooks of %s", host)
            await asyncio.sleep(self._retry)
        finally:
            del self._busy[host]
            self.wake()

    async def _run(self, pending: PendingHook) -> None:
        build = await self._records.build(pending.build) if pending.build is not None else None
        of = Occasion(
            kind=pending.kind,
            host=pending.host,
            mac=pending.mac or (build.mac if build else None),
            build=build,
            attempt=pending.attempts + 1,
        )
        # Strangers wait for each other before they wait for a place that a build may want.
        stranger = pending.kind == UNKNOWN
        if stranger and self._strangers.locked():
            HOOKS_OF_STRANGERS.reached()
        if self._new.locked():
            HOOKS_NEW.reached()
        async with (
            self._strangers if stranger else nullcontext(),
            _Place(self._new, self._new_for),
        ):
            if self._stopping or not await self._pending.claim(pending):
                return
            outcome = await self._execute(pending.hook, of)
        # Who is stopped leaves the result to be stored by itself.
        storing = asyncio.create_task(self._keep(pending, outcome))
        self._storing.add(storing)
        storing.add_done_callback(self._storing.discard)
        await asyncio.shield(storing)

    async def _keep(self, pending: PendingHook, outcome: Outcome) -> None:
        """Store a result; while that cannot be done the hook is not run again, nor another."""
        ended, told = _kept(pending.hook, outcome), False
        last = pending.hook.errors_fatal and not outcome.ok
        while True:
            try:
                await self._pending.ended(pending, self._clock(), ended, last=last)
            except StoreError as exc:
                if not told:
                    log.error("hooks: a result of %s cannot be stored: %s", pending.host, exc)  # noqa: TRY400
                told = True
                await asyncio.sleep(self._retry)
            else:
                return


class _Place:
    """A place among so many, which is left at the end, or after a while.

    Args:
        places: All of them.
        seconds: After which it is another's.
    """

    def __init__(self, places: asyncio.Semaphore, seconds: float) -> None:
        self._places = places
        self._seconds = seconds
        self._is_ours = False

    async def __aenter__(self) -> None:
        await self._places.acquire()
        self._is_ours = True
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._leave)

    async def __aexit__(self, *_error: object) -> None:
        self._timer.cancel()
        self._leave()

    def _leave(self) -> None:
        if self._is_ours:
            self._is_ours = False
            self._places.release()


Ran = tuple[Hook, Outcome]


def _kept(hook: Hook, outcome: Outcome) -> HookResult:
    return HookResult(outcome.ok, outcome.result, outcome.output if hook.should_log else "")
