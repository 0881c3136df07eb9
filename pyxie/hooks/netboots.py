"""The hooks of a boot event: when a machine has fetched its boot script, once a boot."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from pyxie.bounded import note
from pyxie.bounds import HOOK_BOOTS
from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.registry.machine import Machine

_ONE_BOOT: Final = 60.0
"""Seconds within which one machine's boot events are one."""


class Definitions(Protocol):
    """What is asked of `pyxie.builds.definitions.Definitions`."""

    def of(self, build: Build) -> Machine:
        """Return a build's machine."""
        ...


class Hooks(Protocol):
    """What is asked of `pyxie.hooks.runner.Hooks`."""

    async def enqueue(
        self, kind: str, hooks: Sequence[Hook], host: str, build: Build | None, mac: str | None
    ) -> None:
        """Have hooks run."""
        ...


class Netboots:
    """Has hooks run for machines that boot.

    Args:
        definitions: Of their builds.
        hooks: Runs them.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        definitions: Definitions,
        hooks: Hooks,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._definitions = definitions
        self._hooks = hooks
        self._clock = clock
        self._last: dict[str, float] = {}

    async def note(self, build: Build, mac: str) -> None:
        """Note that a machine fetched its script; iPXE may ask for it several times."""
        hooks = self._definitions.of(build).pxeevent_commands
        if not hooks:
            return
        now = self._clock()
        if now - self._last.get(build.host, -_ONE_BOOT) >= _ONE_BOOT:
            if len(self._last) >= HOOK_BOOTS.most and build.host not in self._last:
                HOOK_BOOTS.reached()
            note(self._last, build.host, now, HOOK_BOOTS.whole)
            await self._hooks.enqueue("pxeevent", hooks, build.host, build, mac)
