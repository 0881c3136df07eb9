"""The builds in memory, backed by the store: who is in build mode, with which token.

Look-ups never wait. A build begins only once it is stored. What ends a build takes effect
at once even where the disk is full, and is stored as soon as that can be done: a machine
that has called ``done`` must not be installed over because a log file grew.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from pyxie.builds.life import Build, State
from pyxie.builds.store import Store, StoreError
from pyxie.errors import PyxieError
from pyxie.metrics import Metrics
from pyxie.registry.machine import Machine
from pyxie.trace.events import Recorder, Step

log = logging.getLogger(__name__)

DONE_AGAIN = 86_400.0
"""How long, in seconds, a repeated ``done`` is answered as the first was."""
_RETRY = 5.0


class InvalidTokenError(PyxieError):
    """The token opens nothing on that machine."""

    def __str__(self) -> str:
        return "Invalid Token"


def new_token() -> str:
    """Return 128 random bits, in the shape of the UUIDs that waitron handed out."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16)))


class Builds:
    """All builds that matter now: the newest of each machine.

    A `pyxie.service.Service`; serving stores again what could not be stored.
    """

    name = "builds"

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.time,
        token: Callable[[], str] = new_token,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._metrics = metrics
        self._clock = clock
        self._token = token
        self._latest: dict[str, Build] = {}
        self._by_mac: dict[str, Build] = {}
        self._done: dict[tuple[str, str], float] = {}
        self._unsaved: deque[tuple[Build, str, str | None]] = deque()
        self._changing = asyncio.Lock()
        self._owing = asyncio.Event()
        metrics.builds_active.set_function(lambda: len(self._active()))

    async def __aenter__(self) -> Self:
        await self._store.__aenter__()
        for build in await self._store.latest():
            self._remember(build)
        for build in await self._store.installed_since(self._clock() - DONE_AGAIN):
            self._done[build.host, build.token] = build.changed
        active = len(self._active())
        if active:
            log.info("%d machine(s) are in build mode", active)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._unsaved:
            await self._settle()
        await self._store.__aexit__(kind, error, traceback)

    async def serve(self) -> None:
        """Store what could not be stored when it happened."""
        while True:
            await self._owing.wait()
            if not await self._settle():
                await asyncio.sleep(_RETRY)

    async def drain(self) -> None:
        """Nothing is ever in hand."""

    def of(self, host: str) -> Build | None:
        """Return the newest build of the machine, active or not."""
        return self._latest.get(host)

    def active(self, host: str) -> Build | None:
        """Return the build that the machine is in build mode for."""
        build = self._latest.get(host)
        return build if build and build.active else None

    def by_mac(self, mac: str) -> Build | None:
        """Return the active build whose machine had that NIC when it began."""
        return self._by_mac.get(mac)

    def status(self) -> Mapping[str, State]:
        """Return the state of each machine that has one to tell: not of cancelled builds."""
        return {
            host: build.state
            for host, build in sorted(self._latest.items())
            if build.active or build.state is State.INSTALLED
        }

    @property
    def unsaved(self) -> int:
        """How many changes still wait to be stored."""
        return len(self._unsaved)

    def admit(self, host: str, token: str) -> Build:
        """Return the active build that ``token`` opens.

        Raises:
            InvalidTokenError: There is none.
        """
        build = self.active(host)
        # A URL's bytes that are no UTF-8 come as lone surrogates.
        given = token.encode(errors="surrogatepass")
        if build is None or not hmac.compare_digest(build.token.encode(), given):
            raise InvalidTokenError
        return build

    async def begin(self, machine: Machine, peer: str | None) -> Build:
        """Put ``machine`` in build mode, in place of any build it is in.

        Raises:
            StoreError: It could not be stored; nothing has changed.
        """
        async with self._changing:
            now = self._clock()
            build = Build(
                host=machine.hostname,
                token=self._token(),
                state=State.PENDING,
                begun=now,
                changed=now,
                macs=machine.macs,
                definition=machine.model_dump_json(),
            )
            while self._unsaved:  # in the order in which things happened
                await self._store.save(*self._unsaved[0])
                self._unsaved.popleft()
            old = self.active(machine.hostname)
            build = await self._store.begin(build, "PUT /build", peer)
            if old:
                self._forget_macs(old)
            self._remember(build)
        self._tell(build, "build mode is on" + (", again" if old else ""), peer)
        return build

    async def installing(self, build: Build, cause: str, peer: str, mac: str | None) -> None:
        """Note that the machine of an active build was seen, and with which NIC."""
        async with self._changing:
            current = self.active(build.host)
            if current is None or current.token != build.token:
                return
            changed = replace(current, mac=mac or current.mac)
            if current.state is not State.INSTALLING:
                changed = changed.to(State.INSTALLING, self._clock())
            if changed == current:
                return
            self._remember(changed)
            await self._save(changed, cause, peer)
        if current.state is not State.INSTALLING:
            self._tell(changed, "installing", peer)

    async def done(self, host: str, token: str, peer: str | None) -> None:
        """End a build: the machine is installed. Again with the same token is no error.

        Raises:
            InvalidTokenError: The token ends no build of that machine.
        """
        finished = self._done.get((host, token))
        if finished is not None and self._clock() - finished < DONE_AGAIN:
            return
        await self._end(self.admit(host, token), State.INSTALLED, "done", peer)

    async def cancel(self, host: str, token: str, peer: str | None) -> None:
        """Give up a build.

        Raises:
            InvalidTokenError: The token opens no build of that machine.
        """
        await self._end(self.admit(host, token), State.CANCELLED, "cancel", peer)

    async def history(self, host: str) -> list[dict[str, object]]:
        """Return the machine's transitions, oldest first; raises StoreError."""
        return await self._store.history(host)

    async def _end(self, build: Build, state: State, cause: str, peer: str | None) -> None:
        async with self._changing:
            if state is State.INSTALLED and (build.host, build.token) in self._done:
                return  # the same call twice at once
            current = self.active(build.host)
            if current is None or current.token != build.token:
                raise InvalidTokenError
            ended = current.to(state, self._clock())
            self._forget_macs(current)
            self._remember(ended)
            if state is State.INSTALLED:
                self._done[ended.host, ended.token] = ended.changed
                self._expire()
            await self._save(ended, cause, peer)
        words = {State.INSTALLED: "installed; pyxie is silent to it from here on"}
        self._tell(ended, words.get(state, str(state)), peer)

    async def _save(self, build: Build, cause: str, peer: str | None) -> None:
        self._unsaved.append((build, cause, peer))
        await self._write_unsaved()

    async def _settle(self) -> bool:
        async with self._changing:
            return await self._write_unsaved()

    async def _write_unsaved(self) -> bool:
        while self._unsaved:
            try:
                await self._store.save(*self._unsaved[0])
            except StoreError as exc:
                if not self._owing.is_set():
                    log.error("state: cannot be written (%s); kept in memory, tried again", exc)  # noqa: TRY400
                self._owing.set()
                return False
            self._unsaved.popleft()
        if self._owing.is_set():
            log.warning("state: written again")
        self._owing.clear()
        return True

    def _remember(self, build: Build) -> None:
        self._latest[build.host] = build
        if build.active:
            self._by_mac.update(dict.fromkeys(build.macs, build))

    def _forget_macs(self, build: Build) -> None:
        for mac in build.macs:
            if mac in self._by_mac and self._by_mac[mac].host == build.host:
                del self._by_mac[mac]

    def _active(self) -> list[Build]:
        return [build for build in self._latest.values() if build.active]

    def _expire(self) -> None:
        oldest = self._clock() - DONE_AGAIN
        self._done = {key: at for key, at in self._done.items() if at >= oldest}

    def _tell(self, build: Build, text: str, peer: str | None) -> None:
        self._metrics.builds.labels(str(build.state)).inc()
        self._recorder.record(Step.BUILD, text, mac=build.mac, host=build.host, peer=peer)
