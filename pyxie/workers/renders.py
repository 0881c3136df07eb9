"""What the daemon has rendered: asked of workers, and kept for as long as it would be the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from pyxie.builds.life import Build
from pyxie.builds.unasked import is_spared
from pyxie.config.build import Hook
from pyxie.config.live import Derived
from pyxie.config.settings import Settings
from pyxie.errors import BusyError, RenderError
from pyxie.hooks.orders import Order
from pyxie.images.spec import images_of
from pyxie.registry.machine import Machine
from pyxie.render.cache import RenderCache, Rendered
from pyxie.render.context import BuildContext, build_context
from pyxie.render.rendering import Boot, Rendering
from pyxie.shipped import shipped
from pyxie.threads import Pool
from pyxie.wiping.forecast import Forecast
from pyxie.workers.jobs import (
    GrubJob,
    Job,
    Judged,
    LineJob,
    OrderJob,
    PreviewJob,
    ScreenJob,
    ScriptJob,
    TemplateJob,
    Way,
)
from pyxie.workers.lane import Lane
from pyxie.workers.lastasked import LastAsked
from pyxie.workers.made import Made
from pyxie.workers.trials import Runner, Trials


class Renders:
    """Has rendered what machines and people ask for; for the event loop.

    Args:
        settings: Those of now.
        runner: Does it.
        last: Told of which machine a build asks for its verdict.

    Attributes:
        trials: What builds would serve, tried before they begin.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        runner: Runner,
        last: LastAsked | None = None,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._cache = Derived(settings, lambda _: RenderCache())
        self._shipped = Derived(settings, _as_shipped)
        self._templates = Pool("the folder 'templatepath'")
        self._notices = Pool("notices")
        self._looking: asyncio.Task[None] | None = None
        self.trials = Trials(settings, runner, last or LastAsked(), self._templates)

    @property
    def problems(self) -> list[str]:
        """What was stopped, and is not tried again yet."""
        return self._runner.problems

    async def script(
        self, machine: Machine, context: BuildContext, here: str, *, judged: Judged = "no"
    ) -> Rendered:
        """Return a machine's boot script; see `Rendering.script`.

        Args:
            machine: What is to be booted.
            context: Who asks.
            here: Our URL for iPXE.
            judged: Tell what it wipes.

        Raises:
            NotServedError: No kernel is named.
            RenderError: It cannot be rendered.
            BusyError: Too much is asked for.
        """
        key = _script_key(machine, context, here, judged)
        return await self._kept(key, machine, ScriptJob(machine, context, here, judged))

    def script_ready(
        self, build: Build, machine: Machine, mac: str, base_url: str, here: str
    ) -> Rendered | None:
        """Return what `script_of` would, if it is kept and known to be as it was, else None."""
        context, judged = _of_build(build, machine, mac, base_url)
        return self._cache().ready(_script_key(machine, context, here, judged), machine)

    def mark(self) -> object | None:
        """Return what is another once what is ready may be; None where that is not known."""
        cache = self._cache()
        if cache.is_due and self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look_again(cache))
        return cache.mark()

    async def _look_again(self, cache: RenderCache) -> None:
        try:
            with suppress(BusyError):
                await self._templates.run(cache.look_again)
        finally:
            self._looking = None

    def line_ready(
        self, machine: Machine, context: BuildContext, judged: Judged
    ) -> Rendered | None:
        """Return the command line that `boot` would, likewise."""
        return self._cache().ready(_line_key(machine, context, judged), machine)

    async def script_of(
        self, build: Build, machine: Machine, mac: str, base_url: str, here: str
    ) -> Rendered:
        """Return the boot script of a build, with what it wipes where it may wipe nothing.

        Args:
            build: It is active.
            machine: What it is built from.
            mac: The NIC that asks.
            base_url: How installers reach us.
            here: How iPXE does.

        Raises:
            BusyError: As `script`, like the others.
            NotServedError: The same.
            RenderError: The same.
        """
        context, judged = _of_build(build, machine, mac, base_url)
        return await self.script(machine, context, here, judged=judged)

    async def grub(
        self, machine: Machine, context: BuildContext, *, judged: Judged = "no"
    ) -> Rendered:
        """Return what GRUB boots a machine by; see `Rendering.grub`; raises as `script`."""
        key = machine.hostname, "grub", context, judged
        return await self._kept(key, machine, GrubJob(machine, context, judged))

    async def template(
        self,
        machine: Machine,
        kind: str,
        context: BuildContext,
        *,
        way: Way = "template",
        judged: bool = False,
    ) -> Rendered:
        """Return a machine's template.

        Args:
            machine: Whose it is.
            kind: As it is asked for.
            context: Of the build.
            way: The method of `Rendering` that makes it.
            judged: Tell what it wipes.

        Raises:
            NotServedError: The machine has none.
            RenderError: It cannot be rendered.
            BusyError: Too much is asked for.
        """
        key = machine.hostname, way, kind, context, judged
        return await self._kept(key, machine, TemplateJob(machine, kind, context, way, judged))

    async def boot(
        self, machine: Machine, context: BuildContext, *, judged: Judged = "no"
    ) -> tuple[Boot, Forecast | None]:
        """Return what a machine is to load, and what that wipes; raises as `script`."""
        key = _line_key(machine, context, judged)
        made = await self._kept(key, machine, LineJob(machine, context, judged))
        return Boot(images_of(machine), made.text), made.forecast

    async def preview(self, machine: Machine, kind: str, context: BuildContext) -> str:
        """Return what a machine would be sent; see `pyxie.render.preview`.

        Raises:
            NotServedError: There is none of that name.
            RenderError: It cannot be rendered.
            BusyError: Too much is asked for.
        """
        return (await self._run(PreviewJob(machine, kind, context), Lane.MANAGEMENT)).text

    async def order(
        self,
        kind: str,
        hook: Hook,
        machine: Machine,
        context: BuildContext,
        more: Mapping[str, Any],
    ) -> Order:
        """Return a hook, rendered; see `pyxie.hooks.orders`.

        Raises:
            RenderError: It cannot be rendered, or is no command.
            BusyError: Too much is asked for.
        """
        made = await self._run(OrderJob(kind, hook, machine, context, more), Lane.HOOKS)
        return Order(made.command, made.url)

    async def ask(self, mac: str, here: str) -> str:
        """Return `Rendering.ask`; raises RenderError and BusyError."""
        return await self._screen(ScreenJob("ask", (mac, here)))

    async def discover(self, mac: str, here: str) -> str:
        """Return `Rendering.discover`; raises RenderError and BusyError."""
        return await self._screen(ScreenJob("discover", (mac, here)))

    async def menu(self, mac: str, here: str) -> str:
        """Return `Rendering.menu`; raises RenderError and BusyError."""
        return await self._screen(ScreenJob("menu", (mac, here)))

    async def load(
        self, mac: str, here: str, urls: Sequence[str], cmdline: str, message: str = ""
    ) -> str:
        """Return `Rendering.load`; raises as `script`."""
        given = (mac, here, tuple(urls), cmdline, message)
        return await self._screen(ScreenJob("load", given))

    async def notice(self, why: str, script_url: str, *, again: bool) -> str:
        """Return `Rendering.notice`, or the shipped one where the operator's own cannot be."""
        job = ScreenJob("notice", (why, script_url), {"again": again})
        try:
            return await self._screen(job)
        except (BusyError, RenderError):
            plain = partial(self._shipped().notice, why, script_url, again=again)
            return await self._notices.run(plain)

    async def local(self, why: str) -> str:
        """Return `Rendering.local`, or the shipped one where the operator's own cannot be."""
        try:
            return await self._screen(ScreenJob("local", (why,)))
        except (BusyError, RenderError):
            return await self._notices.run(partial(self._shipped().local, why))

    async def _screen(self, job: ScreenJob) -> str:
        return (await self._run(job, Lane.BOOT)).text

    async def _kept(
        self, key: Hashable, machine: Machine, job: ScriptJob | GrubJob | LineJob | TemplateJob
    ) -> Rendered:
        # The machine is of these settings; others may be in force after the next await.
        settings, cache = self._settings(), self._cache()
        found = cache.ready(key, machine)
        if found is None:
            # Whether its files are as they were is asked of a folder that can hang.
            found = await self._templates.run(cache.get, key, machine)
        if found is None:
            made = await self._runner.run(job, settings, Lane.BOOT)
            found = Rendered(made.text, made.forecast)
            cache.put(key, machine, found, made.uses)
        return found

    async def _run(self, job: Job, lane: Lane) -> Made:
        return await self._runner.run(job, self._settings(), lane)


def _of_build(
    build: Build, machine: Machine, mac: str, base_url: str
) -> tuple[BuildContext, Judged]:
    context = build_context(build, machine, base_url, mac)
    return context, "build" if is_spared(build, machine) else "no"


def _script_key(machine: Machine, context: BuildContext, here: str, judged: Judged) -> Hashable:
    return machine.hostname, "script", here, context, judged


def _line_key(machine: Machine, context: BuildContext, judged: Judged) -> Hashable:
    return machine.hostname, "line", context, judged


def _as_shipped(settings: Settings) -> Rendering:
    return Rendering(settings.model_copy(update={"ipxe": shipped("ipxe")}))
