"""Everything that is rendered for a machine, by the name that a person asks for it by."""

from __future__ import annotations

from pyxie.errors import NotServedError
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext
from pyxie.render.rendering import Rendering, kinds

TOKEN = "00000000-0000-0000-0000-000000000000"  # noqa: S105  (shown where a build has its own)
"""Stands where the token of a build would."""


def unbegun(base_url: str) -> BuildContext:
    """Return the context in which what a build would serve is tried before it begins."""
    return BuildContext(base_url=base_url, token=TOKEN, mac="")


def preview(rendering: Rendering, machine: Machine, kind: str, context: BuildContext) -> str:
    """Return a template of the machine's, ``cmdline``, ``script`` or ``meta-data``.

    Raises:
        NotServedError: There is none of that name; says which there are.
        RenderError: It cannot be rendered.
    """
    there = kinds(machine)
    if kind in there:
        return rendering.template(machine, kind, context)
    if kind == "cmdline":
        return rendering.boot(machine, context).line + "\n"
    if kind == "script":
        return rendering.script(machine, context, context.base_url)
    if kind == "meta-data":
        return rendering.nocloud(machine, kind, context)
    known = ", ".join([*there, "cmdline", "script", "meta-data"])
    raise NotServedError(kind, f"{machine.hostname} has no such template; there are: {known}")
