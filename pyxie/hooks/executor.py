"""Runs one hook, now: rendered, run or called, counted and told of."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.errors import BusyError, RenderError
from pyxie.events.event import Recorder
from pyxie.events.kinds import HookDone, HookFailed
from pyxie.hooks.names import Seen
from pyxie.hooks.orders import Order, environment
from pyxie.hooks.process import Outcome, run
from pyxie.hooks.webhook import call
from pyxie.metrics import Metrics
from pyxie.outbound.proxies import DIRECTLY, Proxies
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext
from pyxie.store.pending import spelt

log = logging.getLogger(__name__)

_SECONDS: Final = 5.0
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Names = Callable[[Build | None, str | None], Seen]
"""What templates see: of a build, or of an unknown machine's NIC."""
Render = Callable[[str, Hook, Machine, BuildContext, Mapping[str, Any]], Awaitable[Order]]
"""Renders a hook of that kind, of what its templates see; see `pyxie.hooks.orders`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a hook is run for.

    Attributes:
        kind: ``postbuild``; the key in the files without ``_commands``.
        host: The hostname; of an unknown machine its MAC.
        mac: The NIC, where it is known.
        build: The build, if it is one's.
        attempt: 1, or more where a daemon died while the hook ran.
    """

    kind: str
    host: str
    mac: str | None
    build: Build | None = None
    attempt: int = 1


class Executor:
    """Runs hooks.

    Args:
        order: Renders a hook, by the settings of now.
        names: What its templates see, as settings and machines of now have it.
        recorder: Takes an event for every hook that ended.
        metrics: Counters.
        proxies: By way of which webhooks are sent.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        order: Render,
        names: Names,
        recorder: Recorder,
        metrics: Metrics,
        *,
        proxies: Proxies = DIRECTLY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._order = order
        self._names = names
        self._recorder = recorder
        self._metrics = metrics
        self._proxies = proxies
        self._clock = clock

    async def __call__(self, hook: Hook, of: Occasion) -> Outcome:
        """Run a hook; whatever it does, the outcome says it."""
        try:
            outcome = await self._do(hook, of)
        except Exception:
            # The boundary: a bug met by one hook must not end the others'.
            log.exception("a bug, while running a %s hook of %s", of.kind, of.host)
            outcome = Outcome(ok=False, result="a bug in pyxie; its log has the details")
        self._metrics.hooks.labels(of.kind, "done" if outcome.ok else "failed").inc()
        ended = HookDone if outcome.ok else HookFailed
        what = ended(point=of.kind, hook=spelt(hook)[:80], result=outcome.result)
        self._recorder.record(what, mac=of.mac, host=of.host if of.host != of.mac else None)
        return outcome

    async def _do(self, hook: Hook, of: Occasion) -> Outcome:
        build = of.build
        try:
            # Both of the same settings: nothing waits in between.
            seen = self._names(build, of.mac)
            more = {**seen.more, "event": of.kind, "attempt": of.attempt}
            what = await self._order(of.kind, hook, seen.machine, seen.context, more)
        except (BusyError, RenderError) as exc:
            return Outcome(ok=False, result=str(exc))
        seconds = float(hook.timeout_seconds or _SECONDS)
        if what.url:
            return await call(what.url, self._told(of), seconds, self._proxies)
        given = environment(
            of.kind,
            of.host,
            of.mac,
            build.token if build else "",
            of.attempt,
            os.environ.get("PATH", _PATH),
        )
        return await run(what.command, seconds, given)

    def _told(self, of: Occasion) -> dict[str, Any]:
        """Return what a webhook is sent."""
        build = of.build
        return {
            "event": of.kind,
            "host": of.host,
            "mac": of.mac,
            "attempt": of.attempt,
            "at": self._clock(),
            "build": build.number or None if build else None,
            "state": str(build.state) if build else None,
            "reason": build.reason if build else "",
        }
