"""The builds in memory, backed by the store: who is in build mode, with which token.

Look-ups never wait. A build begins only once it is stored. What ends a build takes effect
at once, whatever the database does, and is stored as soon as that can be done: a machine
that has called ``done`` must not be installed over because a log file grew.

Nothing here waits between a look and the change that follows from it, so no lock is needed.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from pyxie.builds.beginnings import Beginning, Beginnings
from pyxie.builds.changes import Change, Noted
from pyxie.builds.elapsed import DONE_AGAIN, REPEATED, Elapsed
from pyxie.builds.gathering import Gathering
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import HOOKS_AFTER, Build, GivenFile, State
from pyxie.builds.records import BuildRecords, Withdrawal
from pyxie.clock import age, steady
from pyxie.config.build import Hook
from pyxie.errors import PyxieError
from pyxie.events.event import Recorder
from pyxie.events.kinds import BuildChanged
from pyxie.metrics import Metrics
from pyxie.registry.machine import Machine
from pyxie.store.along import Along
from pyxie.store.queue import WriteQueue
from pyxie.wiping.forecast import Forecast

log = logging.getLogger(__name__)

_LONGEST_REASON = 1000


class InvalidTokenError(PyxieError):
    """The token is not valid for that machine."""

    def __str__(self) -> str:
        return "the token opens no build of this machine"


def new_token() -> str:
    """Return 128 random bits, in the shape of the UUIDs that waitron handed out."""
    digits = secrets.token_hex(16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Builds:
    """All builds that matter now: the newest of each machine.

    A `pyxie.service.Service`; serving stores again what could not be stored.

    Args:
        index: Where they can be looked up; changed from here alone.
        records: Where they are stored.
        recorder: Takes events.
        metrics: Counters.
        hooks_after: Asked which hooks are to run after the state that a build has come into.
        hooks_stored: Told when some are to run, and that is stored.
        begun: Told when a machine has come into build mode, or will not that was to.
        clock: Seconds since the epoch, for dates.
        steady: Seconds, by a clock that is never set, for how long something lasts.
        token: Makes a token.
    """

    name = "builds"

    def __init__(
        self,
        index: BuildIndex,
        records: BuildRecords,
        recorder: Recorder,
        metrics: Metrics,
        *,
        hooks_after: Callable[[Build], Sequence[Hook]] = lambda _build: (),
        hooks_stored: Callable[[], None] = lambda: None,
        begun: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady,
        token: Callable[[], str] = new_token,
    ) -> None:
        self.index = index
        self.records = records
        self._recorder = recorder
        self._metrics = metrics
        self._clock = clock
        self._steady = steady
        self._token = token
        self._elapsed = Elapsed()
        self._queue: WriteQueue[Change | Withdrawal | Noted] = WriteQueue(
            "state", records.save, self._stored
        )
        self._given = Gathering(index, lambda build: self._queue.put(Noted(build)))
        self._beginnings = Beginnings(index, records, self._queue, self._has_begun)
        self._hooks_after = hooks_after
        self._hooks_stored = hooks_stored
        self._begun = begun
        metrics.unsaved.labels("builds").set_function(lambda: self.unsaved)
        metrics.builds_active.set_function(lambda: len(self.index.active_now()))

    async def __aenter__(self) -> Self:
        now, moment = self._clock(), self._steady()
        for build in await self.records.latest():
            self.index.put(build)
            if build.active:
                # By a clock that was set since, nothing can be told: its time begins anew.
                self._elapsed.began(build.token, moment - (age(build.begun, now) or 0.0))
            elif build.state in REPEATED and age(build.changed, now) is None:
                self._elapsed.ended(build.host, build.token, build.state, moment)
        for build in await self.records.ended_since(now - DONE_AGAIN):
            ended = moment - (age(build.changed, now) or 0.0)
            self._elapsed.ended(build.host, build.token, build.state, ended)
        active = len(self.index.active_now())
        if active:
            log.info("%d machine(s) are in build mode", active)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._given.flush()
        for each in await self._queue.close():
            if isinstance(each, Change):
                what = each.build.host, each.build.state, each.build.number
                log.error("state: lost: %s %s (build %d), which could not be stored", *what)

    async def serve(self) -> None:
        """Store what could not be stored when it happened."""
        await self._queue.serve()

    async def drain(self) -> None:
        """Nothing is ever in hand."""

    @property
    def unsaved(self) -> int:
        """How many changes still wait to be stored."""
        return len(self._queue) + len(self._given)

    @property
    def problem(self) -> str:
        """Why they wait, in a sentence; empty where none has failed to be stored."""
        if not self._queue.problem:
            return ""
        return (
            f"the state cannot be written: {self._queue.problem}; "
            f"{self.unsaved} change(s) of builds are in memory only"
        )

    def admit(self, host: str, token: str) -> Build:
        """Return the active build that ``token`` opens.

        Raises:
            InvalidTokenError: There is none.
        """
        build = self.index.active(host)
        # A URL's bytes that are no UTF-8 come as lone surrogates.
        given = token.encode(errors="surrogatepass")
        if build is None or not hmac.compare_digest(build.token.encode(), given):
            raise InvalidTokenError
        return build

    def plan(
        self,
        machine: Machine,
        build_type: str = "",
        body: str = "",
        *,
        beneath: bool = False,
        believed: bool = False,
        forecast: Forecast | None = None,
        definition: str | None = None,
    ) -> Build:
        """Return a build with a token of its own; it is none until it has begun.

        Args:
            machine: With all that it inherits.
            build_type: The type that was asked for.
            body: What else was asked for, YAML.
            beneath: The type gives way to groups and machine.
            believed: Who asked for it may do all.
            forecast: What it will wipe.
            definition: The machine as JSON, where that is known.
        """
        now = self._clock()
        return Build(
            host=machine.hostname,
            token=self._token(),
            state=State.PENDING,
            begun=now,
            changed=now,
            macs=machine.macs,
            definition=machine.model_dump_json() if definition is None else definition,
            build_type=build_type,
            beneath=beneath,
            body=body,
            believed=believed,
            forecast=forecast,
        )

    @contextmanager
    def expecting(self, host: str) -> Iterator[None]:
        """Have a machine's build expected while it is tried, and hooks run before it."""
        try:
            with self.index.expecting(host):
                yield
        finally:
            if self.index.active(host) is None:
                self._begun()

    async def begin(
        self,
        build: Build,
        peer: str | None,
        *,
        cause: str = "begun",
        anew: bool = True,
        along: Along | None = None,
    ) -> Build:
        """Put a machine in build mode.

        Args:
            build: As `plan` made it.
            peer: Who asked for it.
            cause: How they did, for the history.
            anew: In place of any build that the machine is in.
            along: What is stored with it.

        Raises:
            InBuildError: It is in one.
            StoreError: It could not be stored, or not in time; nothing has changed.
        """
        now = self._clock()
        build = replace(build, begun=now, changed=now)
        return await self._beginnings.begin(Beginning(build, cause, peer, anew, along))

    def _has_begun(self, beginning: Beginning, build: Build) -> None:
        old = self.index.active(build.host)
        self.index.put(build)
        moment = self._steady()
        if old is not None:
            self._elapsed.ended(old.host, old.token, State.REPLACED, moment)
        self._elapsed.began(build.token, moment)
        self._begun()
        self._tell(build, beginning.cause, beginning.peer, again=old is not None)

    async def assign(self, build: Build, mac: str, peer: str, *, named: Container[str]) -> bool:
        """Give an active build to the machine with that NIC, the first that comes for it.

        Else two machines of which a `match` says the same would both be installed. It is stored
        before this returns, so that it holds after a restart; but for no machine does it wait
        long.

        Args:
            build: Of the machine.
            mac: The NIC that asks for what it boots.
            peer: Where it asks from.
            named: The NICs of the machine's file, which need not be the first.

        Returns:
            Whether the build is that NIC's; not if it is another's, or has ended.
        """
        current = self._current(build)
        if current is None:
            return False
        if current.mac == mac or (mac in named and current.mac in named):
            return True
        if current.mac is not None and mac not in named:
            return False
        changed = replace(current, mac=mac)
        self.index.put(changed)
        await self._queue.add(Change(changed, f"assigned to {mac}", peer))
        return True

    async def installing(self, build: Build, cause: str, peer: str, mac: str | None) -> None:
        """Note that the machine of an active build was seen, and with which NIC."""
        current = self._current(build)
        if current is None:
            return
        changed = replace(current, mac=mac or current.mac)
        if current.state is State.PENDING:
            changed = changed.to(State.INSTALLING, self._clock())
            self._tell(changed, cause, peer)
        if changed == current:
            return
        self.index.put(changed)
        # A NIC after another of one machine is no news that may pile up in memory.
        if current.state is State.PENDING or not self._queue.problem:
            await self._queue.add(Change(changed, cause, peer))

    def given(self, build: Build, file: GivenFile) -> None:
        """Note what the machine of an active build was given; stored when there is time."""
        current = self._current(build)
        if current is None or file in current.given:
            return
        others = (each for each in current.given if each.part != file.part)
        changed = replace(current, given=(*others, file))
        self.index.put(changed)
        if not self._queue.problem:  # else it is stored with what comes of the build
            self._given.put(changed)

    async def stale(self, build: Build, cause: str) -> None:
        """Note that a build takes too long; once, for it stays active."""
        current = self._current(build)
        if current is None or current.state is State.STALE:
            return
        changed = current.to(State.STALE, self._clock())
        self.index.put(changed)
        self._tell(changed, cause, None)
        await self._queue.add(Change(changed, cause, None, self._hooks(changed)))

    def is_overdue(self, build: Build, limit: int) -> bool:
        """Tell whether a build has become too old and is not known to be.

        Args:
            build: As it was a moment ago.
            limit: Seconds that it may take; 0 for any number.
        """
        current = self._current(build)
        if not limit or current is None or current.state is State.STALE:
            return False
        return self._elapsed.lasts(build.token, self._steady()) >= limit

    async def done(self, host: str, token: str, peer: str | None) -> None:
        """End a build: the machine is installed. Again with the same token is no error.

        Raises:
            InvalidTokenError: The token ends no build of that machine.
        """
        if self._has_ended(host, token, State.INSTALLED):
            await self._queue.wait()  # for the same call, which may have come a moment ago
        else:
            await self._end(self.admit(host, token), State.INSTALLED, "done", peer)

    async def failed(
        self, host: str, token: str, peer: str | None, *, reason: str = "", log_tail: str = ""
    ) -> None:
        """End a build that failed. Again with the same token is no error.

        Args:
            host: The machine.
            token: The build's.
            peer: Who says so.
            reason: In one line; cut where it is long.
            log_tail: The end of the installer's log.

        Raises:
            InvalidTokenError: The token ends no build of that machine.
        """
        if self._has_ended(host, token, State.FAILED):
            await self._queue.wait()
            return
        reason = "".join(c if c.isprintable() else " " for c in reason).strip()
        reason = reason[:_LONGEST_REASON]
        build = replace(self.admit(host, token), reason=reason)
        cause = f"failed: {reason}" if reason else "failed"
        await self._end(build, State.FAILED, cause, peer, log_tail)

    def check_end(self, host: str, token: str, state: State) -> None:
        """Check that ``token`` may end a build of that machine so, or has.

        Raises:
            InvalidTokenError: It may not.
        """
        if not self._has_ended(host, token, state):
            self.admit(host, token)

    def _has_ended(self, host: str, token: str, state: State) -> bool:
        return self._elapsed.repeats(host, token, state, self._steady())

    async def cancel(self, host: str, token: str, peer: str | None) -> None:
        """Cancel a build.

        Raises:
            InvalidTokenError: The token is not valid for a build of that machine.
        """
        await self._end(self.admit(host, token), State.CANCELLED, "cancel", peer)

    async def history(self, host: str) -> list[dict[str, object]]:
        """Return the machine's transitions, oldest first; raises StoreError."""
        return await self.records.history(host)

    async def log_of(self, host: str) -> str:
        """Return the log tail that came with the newest build's failure; raises StoreError."""
        build = self.index.of(host)
        return await self.records.log_of(build.number) if build else ""

    async def _end(
        self, build: Build, state: State, cause: str, peer: str | None, log_tail: str = ""
    ) -> None:
        """End a build that was admitted: in memory, at once; then wait a moment for the disk."""
        ended = build.to(state, self._clock())
        self.index.put(ended)
        moment = self._steady()
        self._elapsed.ended(ended.host, ended.token, state, moment)
        self._elapsed.forget(moment)
        self._tell(ended, cause, peer)
        await self._queue.add(Change(ended, cause, peer, self._hooks(ended), log_tail))

    def _current(self, build: Build) -> Build | None:
        """Return a build as it is now, if it is active still."""
        current = self.index.active(build.host)
        return current if current is not None and current.token == build.token else None

    def _stored(self, change: Change | Withdrawal | Noted) -> None:
        if isinstance(change, Change) and change.hooks:
            self._hooks_stored()

    def _hooks(self, build: Build) -> tuple[Hook, ...]:
        return tuple(self._hooks_after(build)) if build.state in HOOKS_AFTER else ()

    def _tell(self, build: Build, cause: str, peer: str | None, *, again: bool = False) -> None:
        self._metrics.builds.labels(str(build.state)).inc()
        what = BuildChanged(
            build=build.number,
            state=build.state,
            cause=cause,
            reason=build.reason,
            again=again,
        )
        self._recorder.record(what, mac=build.mac, host=build.host, peer=peer)
