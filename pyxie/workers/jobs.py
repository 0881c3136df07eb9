"""What is asked of a worker: each job is data, and does its work there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from pyxie.advice.adviser import advise
from pyxie.config.build import Hook
from pyxie.config.nodes import Loc
from pyxie.hooks.orders import order
from pyxie.registry.machine import Machine
from pyxie.rehearsal import rehearse
from pyxie.render.asked import file_of
from pyxie.render.context import BuildContext, template_names
from pyxie.render.preview import preview
from pyxie.render.rendering import GRUB_SCRIPT, SCRIPT, Rendering
from pyxie.render.statics import served_folders, statics
from pyxie.wiping.forecast import Forecast, forecast
from pyxie.workers.made import Made, fault_of

_LAST: Final = 19
"""As nice as can be (nice(2))."""

Way = Literal["template", "nocloud", "of_its_own"]
"""By which method of `Rendering` a template is made."""
Judged = Literal["no", "build", "unknown"]
"""Whether what a machine boots is read for what it wipes, and how much of it there is to read."""


class Job(Protocol):
    """A job."""

    @property
    def whose(self) -> str:
        """The machine, of which one job at a time is done; empty for what hinders nobody."""
        ...

    @property
    def what(self) -> str:
        """What messages call it, as the operator knows it."""
        ...

    def do(self, rendering: Rendering) -> Made:
        """Do it; raises NotServedError and RenderError."""
        ...


class _OfMachine:
    """What is done for a machine, which then has to wait with all else that it asks for."""

    __slots__ = ()
    machine: Machine

    @property
    def whose(self) -> str:
        """The machine."""
        return self.machine.hostname


class _OfTemplate(_OfMachine):
    """What is made of one of a machine's templates."""

    __slots__ = ()
    kind: str

    @property
    def what(self) -> str:
        """The template's file, or what was asked for."""
        return file_of(self.machine, self.kind) or self.kind


@dataclass(frozen=True, slots=True)
class ScriptJob(_OfMachine):
    """The boot script of a machine, for the NIC that asks."""

    machine: Machine
    context: BuildContext
    here: str
    judged: Judged = "no"

    @property
    def what(self) -> str:
        """All that it is made of."""
        return f"'cmdline' or {SCRIPT}"

    def do(self, rendering: Rendering) -> Made:
        """Render it."""
        text = rendering.script(self.machine, self.context, self.here)
        found = _judge(self.judged, rendering, self.machine, self.context, text)
        return Made(text=text, forecast=found)


@dataclass(frozen=True, slots=True)
class GrubJob(_OfMachine):
    """What a signed GRUB boots a machine by."""

    machine: Machine
    context: BuildContext
    judged: Judged = "no"

    @property
    def what(self) -> str:
        """All that it is made of."""
        return f"'cmdline' or {GRUB_SCRIPT}"

    def do(self, rendering: Rendering) -> Made:
        """Render it."""
        text = rendering.grub(self.machine, self.context)
        found = _judge(self.judged, rendering, self.machine, self.context, text)
        return Made(text=text, forecast=found)


@dataclass(frozen=True, slots=True)
class LineJob(_OfMachine):
    """The command line of a machine."""

    machine: Machine
    context: BuildContext
    judged: Judged = "no"

    @property
    def what(self) -> str:
        """The key."""
        return "cmdline"

    def do(self, rendering: Rendering) -> Made:
        """Render it."""
        boot = rendering.boot(self.machine, self.context)
        found = _judge(self.judged, rendering, self.machine, self.context, boot.line)
        return Made(text=boot.cmdline, forecast=found)


@dataclass(frozen=True, slots=True)
class TemplateJob(_OfTemplate):
    """A template that an installer asks for."""

    machine: Machine
    kind: str
    context: BuildContext
    way: Way = "template"
    judged: bool = False

    def do(self, rendering: Rendering) -> Made:
        """Render it."""
        text = getattr(rendering, self.way)(self.machine, self.kind, self.context)
        found = None
        if self.judged:
            file, finish = file_of(self.machine, self.kind), self.machine.finish
            found = forecast({file: text}, "", self.context.base_url, scripts=(finish,))
        return Made(text=text, forecast=found)


@dataclass(frozen=True, slots=True)
class ScreenJob:
    """An iPXE script of no build, as a notice on a machine's screen."""

    name: Literal["ask", "discover", "menu", "notice", "local", "load"]
    given: tuple[Any, ...]
    named: Mapping[str, Any] = field(default_factory=dict)
    whose: str = ""

    @property
    def what(self) -> str:
        """The template."""
        return SCRIPT if self.name == "load" else f"{self.name}.ipxe.j2"

    def do(self, rendering: Rendering) -> Made:
        """Render it."""
        return Made(text=getattr(rendering, self.name)(*self.given, **self.named))


@dataclass(frozen=True, slots=True)
class RehearsalJob(_OfMachine):
    """All that a build will serve, tried; see `pyxie.rehearsal`."""

    machine: Machine
    context: BuildContext
    written: frozenset[Loc] = frozenset()
    ahead: bool = False
    """Nobody waits for it: the worker gives way to all others on the host, for good."""

    @property
    def what(self) -> str:
        """The machine, whose templates they all are."""
        return f"what {self.machine.hostname} is given"

    def do(self, rendering: Rendering) -> Made:
        """Render it all; of what has a fault there is no advice."""
        if self.ahead:
            os.nice(_LAST)
        tried = rehearse(rendering, self.machine, self.context, self.written)
        return Made(
            faults=tuple(map(fault_of, tried.faults)),
            advice=() if tried.faults else advise(tried.served),
            forecast=tried.forecast,
        )


@dataclass(frozen=True, slots=True)
class PreviewJob(_OfTemplate):
    """What a machine would be sent, for a person to look at."""

    machine: Machine
    kind: str
    context: BuildContext

    def do(self, rendering: Rendering) -> Made:
        """Render it."""
        return Made(text=preview(rendering, self.machine, self.kind, self.context))


@dataclass(frozen=True, slots=True)
class OrderJob(_OfMachine):
    """A hook; see `pyxie.hooks.orders`."""

    kind: str
    hook: Hook
    machine: Machine
    context: BuildContext
    more: Mapping[str, Any]
    """Names beside those of all templates."""

    @property
    def what(self) -> str:
        """The key."""
        return f"{self.kind}_commands"

    def do(self, rendering: Rendering) -> Made:
        """Render it."""
        names = template_names(self.machine, rendering.settings, self.context)
        made = order(rendering.renderer, self.kind, self.hook, {**names, **self.more})
        return Made(command=made.command, url=made.url)


def _judge(
    how: Judged, rendering: Rendering, machine: Machine, context: BuildContext, text: str
) -> Forecast | None:
    """Return what a machine that boots will wipe, if that is asked.

    One of a build has templates to look at, all of them; an unknown machine has none, but its
    answers may be a file of ours.
    """
    if how == "no":
        return None
    if how == "build":
        return rehearse(rendering, machine, context).forecast
    files = statics((text,), context.base_url, served_folders(rendering.settings))
    return forecast({}, text, context.base_url, files=files)
