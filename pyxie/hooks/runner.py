"""The service that runs hooks: off the hot path, at least once, a machine's one by one."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.errors import BusyError, PyxieError, RenderError
from pyxie.events.event import Recorder
from pyxie.events.kinds import HookDone, HookFailed
from pyxie.hooks.orders import environment, order
from pyxie.hooks.process import Outcome, run
from pyxie.hooks.webhook import call
from pyxie.metrics import Metrics
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.render.strict import Renderer
from pyxie.store.pending import HookResult, PendingHook, PendingHooks, spelt
from pyxie.store.pools import StoreError
from pyxie.threads import Pool

log = logging.getLogger(__name__)

_AT_ONCE = 8
"""Machines whose hooks run at the same time."""
_RETRY = 5.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Names = Callable[[Build | None, str | None], Mapping[str, Any]]
"""The names that templates see: of a build, or of an unknown machine's NIC."""


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
        renderer: Of the operator's templates, as the settings of now have them.
        names: What their templates see, as settings and machines of now have it.
        recorder: Takes an event for every hook that ended.
        metrics: Counters.
        proxies: By way of which webhooks are sent.
        clock: Seconds since the epoch.
    """

    name = "hooks"

    def __init__(
        self,
        pending: PendingHooks,
        records: Records,
        renderer: Callable[[], Renderer],
        names: Names,
        recorder: Recorder,
        metrics: Metrics,
        *,
        proxies: Proxies = DIRECTLY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._proxies = proxies
        self._pending = pending
        self._records = records
        self._renderer = renderer
        self._names = names
        self._recorder = recorder
        self._metrics = metrics
        self._clock = clock
        self._pool = Pool("hooks")
        self._due = asyncio.Event()
        self._due.set()  # what a daemon before us left
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        running = list(self._busy.values())
        for task in running:  # they stay pending, and are run again by the next daemon
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def wake(self) -> None:
        """Look at what is pending, soon."""
        self._due.set()

    async def serve(self) -> None:
        """Run what is pending, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                pending = await self._pending.pending()
            except StoreError as exc:
                log.error("hooks: the state cannot be read: %s", exc)  # noqa: TRY400
                await asyncio.sleep(_RETRY)
                self._due.set()
                continue
            for host in dict.fromkeys(each.host for each in pending):
                if host not in self._busy:
                    mine = [each for each in pending if each.host == host]
                    task = asyncio.create_task(self._in_turn(mine), name=f"hooks of {host}")
                    self._busy[host] = task

    async def drain(self) -> None:
        """Leave what is running to `__aexit__`: a hook may take an hour."""

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
        for at, hook in enumerate(hooks):
            outcome = await self._do(build_of, kind, hook, build_of.host, build_of.mac, 1)
            self._tell(kind, hook, build_of.host, build_of.mac, outcome)
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

    async def unknown(self, hooks: Sequence[Hook], mac: str) -> None:
        """Have hooks run for an unknown machine."""
        await self.enqueue("unknownbuild", hooks, mac, None, mac)

    async def history(self, host: str) -> list[dict[str, Any]]:
        """Return what was run for the machine's builds; raises StoreError."""
        return await self._pending.history(host)

    async def _in_turn(self, pending: list[PendingHook]) -> None:
        try:
            async with self._room:
                failed: set[tuple[str, float]] = set()
                for each in pending:
                    if (each.kind, each.at) not in failed and not await self._run(each):
                        failed.add((each.kind, each.at))
        except StoreError as exc:
            log.error("hooks: the state cannot be written: %s", exc)  # noqa: TRY400
            await asyncio.sleep(_RETRY)
        finally:
            del self._busy[pending[0].host]
            self.wake()

    async def _run(self, pending: PendingHook) -> bool:
        """Run one; tell whether those after it are to be run."""
        await self._pending.started(pending.number)
        build = await self._records.build(pending.build) if pending.build is not None else None
        mac = pending.mac or (build.mac if build else None)
        attempt = pending.attempts + 1
        outcome = await self._do(build, pending.kind, pending.hook, pending.host, mac, attempt)
        self._tell(pending.kind, pending.hook, pending.host, mac, outcome)
        await self._pending.ended(pending.number, self._clock(), _kept(pending.hook, outcome))
        if outcome.ok or not pending.hook.errors_fatal:
            return True
        await self._pending.skip(pending, self._clock(), "the one before it failed")
        return False

    async def _do(
        self, build: Build | None, kind: str, hook: Hook, host: str, mac: str | None, attempt: int
    ) -> Outcome:
        token = build.token if build else ""
        try:
            # Both of the same settings: nothing waits, and nothing is asked by the thread.
            renderer, names = self._renderer(), self._names(build, mac)
            names = {**names, "event": kind, "attempt": attempt}
            what = await self._pool.run(order, renderer, kind, hook, names)
        except (BusyError, RenderError) as exc:
            return Outcome(ok=False, result=str(exc))
        seconds = float(hook.timeout_seconds or 5)
        if what.url:
            body = {
                "event": kind,
                "host": host,
                "mac": mac,
                "attempt": attempt,
                "at": self._clock(),
                "build": build.number or None if build else None,
                "state": str(build.state) if build else None,
                "reason": build.reason if build else "",
            }
            return await call(what.url, body, seconds, self._proxies)
        path = os.environ.get("PATH", _PATH)
        return await run(what.command, seconds, environment(kind, host, mac, token, attempt, path))

    def _tell(self, kind: str, hook: Hook, host: str, mac: str | None, outcome: Outcome) -> None:
        self._metrics.hooks.labels(kind, "done" if outcome.ok else "failed").inc()
        ended = HookDone if outcome.ok else HookFailed
        what = ended(point=kind, hook=spelt(hook)[:80], result=outcome.result)
        known = host if host != mac else None
        self._recorder.record(what, mac=mac, host=known)


Ran = tuple[Hook, Outcome]


def _kept(hook: Hook, outcome: Outcome) -> HookResult:
    return HookResult(outcome.ok, outcome.result, outcome.output if hook.should_log else "")
