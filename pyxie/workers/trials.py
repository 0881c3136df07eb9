"""What builds would serve, tried by workers; what came of it is kept for the next.

What is being tried ahead is not tried beside by who asks for it meanwhile: that would be two
processors for one verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from pyxie.config.live import Derived
from pyxie.config.nodes import Loc
from pyxie.config.settings import Settings
from pyxie.errors import RenderError
from pyxie.registry.asbuilt import Kept
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext
from pyxie.render.preview import unbegun
from pyxie.threads import Pool
from pyxie.wiping.forecast import Forecast
from pyxie.workers.jobs import Job, RehearsalJob
from pyxie.workers.lane import Lane
from pyxie.workers.lastasked import LastAsked
from pyxie.workers.made import Made
from pyxie.workers.verdicts import Tried, Verdicts, key_of, key_of_kept

_MOMENT: Final = 0.05
"""Seconds that who asks waits for what is tried already: that worker gives way to all others."""


class Runner(Protocol):
    """What is asked of `pyxie.workers.pool.Pool`."""

    async def run(self, job: Job, settings: Settings, lane: Lane) -> Made:
        """Have a job done; raises as `Pool.run`."""
        ...

    @property
    def problems(self) -> list[str]:
        """What was stopped a moment ago."""
        ...


class Trials:
    """Tries what builds would serve; for the event loop.

    Args:
        settings: Those of now.
        runner: Has it done.
        last: Told of which machine a build asks for its verdict.
        templates: Threads that look at files.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        runner: Runner,
        last: LastAsked,
        templates: Pool,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._last = last
        self._templates = templates
        self._verdicts = Derived(settings, Verdicts)
        self._ahead: dict[tuple[Verdicts, bytes], asyncio.Future[None]] = {}
        """What is being tried that nobody has asked for."""

    async def rehearse(
        self,
        machine: Machine,
        context: BuildContext,
        written: frozenset[Loc] = frozenset(),
        *,
        kept: Kept | None = None,
    ) -> Tried:
        """Return what comes of trying all that a build would serve.

        Args:
            machine: With all that it inherits.
            context: Of a build that has not begun.
            written: The paths of what its own file says.
            kept: What is kept of all that.

        Raises:
            BusyError: Too much is asked for.
        """
        # The machine is of these settings; others may be in force after the next await.
        settings, verdicts = self._settings(), self._verdicts()
        self._last.note(machine.hostname)
        key = key_of(machine, context, written) if kept is None else key_of_kept(kept, context)
        found = await self._known(verdicts, machine, key)
        if found is None and (ahead := self._ahead.get((verdicts, key))) is not None:
            await asyncio.wait([ahead], timeout=_MOMENT)
            found = await self._known(verdicts, machine, key)
        if found is not None:
            return found
        job = RehearsalJob(machine, context, written)
        return await self._try(job, key, settings, verdicts, Lane.MANAGEMENT)

    async def rehearse_ahead(self, kept: Kept, base_url: str) -> None:
        """Have tried what a build would serve, before anybody asks; raises BusyError."""
        settings, verdicts = self._settings(), self._verdicts()
        machine, context = kept.definition.machine, unbegun(base_url)
        key = key_of_kept(kept, context)
        if await self._known(verdicts, machine, key) is not None:
            return
        over = self._ahead[verdicts, key] = asyncio.get_running_loop().create_future()
        job = RehearsalJob(machine, context, kept.written, ahead=True)
        try:
            await self._try(job, key, settings, verdicts, Lane.REST)
        finally:
            del self._ahead[verdicts, key]
            over.set_result(None)

    async def outdated(self) -> set[str]:
        """Return the machines that were tried and have had files changed; raises BusyError."""
        return await self._templates.run(self._verdicts().outdated)

    async def _known(self, verdicts: Verdicts, machine: Machine, key: bytes) -> Tried | None:
        found = verdicts.ready(key)
        if found is None and key in verdicts:
            found = await self._templates.run(verdicts.look, machine, key)
        return found

    async def _try(
        self, job: RehearsalJob, key: bytes, settings: Settings, verdicts: Verdicts, lane: Lane
    ) -> Tried:
        try:
            made = await self._runner.run(job, settings, lane)
        except RenderError as exc:
            return Tried((exc,), (), Forecast())
        faults = tuple(fault.error() for fault in made.faults)
        tried = Tried(faults, made.advice, made.forecast or Forecast())
        verdicts.put(job.machine, key, tried, made.uses)
        return tried
