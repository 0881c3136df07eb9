"""Everything that is rendered for a machine, by the name that a person asks for it by."""

from __future__ import annotations

from pyxie.errors import NotServedError
from pyxie.registry.machine import Machine
from pyxie.render.context import Occasion
from pyxie.render.rendering import Kitchen, kinds

TOKEN = "00000000-0000-0000-0000-000000000000"  # noqa: S105  (shown where a build has its own)
"""Stands where the token of a build would."""


def named(kitchen: Kitchen, machine: Machine, kind: str, occasion: Occasion) -> str:
    """Return a template of the machine's, ``cmdline``, ``script`` or ``meta-data``.

    Raises:
        NotServedError: There is none of that name; says which there are.
        RenderError: It cannot be rendered.
    """
    there = kinds(machine)
    if kind in there:
        return kitchen.template(machine, kind, occasion)
    if kind == "cmdline":
        return kitchen.boot(machine, occasion).cmdline + "\n"
    if kind == "script":
        return kitchen.script(machine, occasion, occasion.base_url)
    if kind == "meta-data":
        return kitchen.seed(machine, kind, occasion)
    known = ", ".join([*there, "cmdline", "script", "meta-data"])
    raise NotServedError(kind, f"{machine.hostname} has no such template; there are: {known}")
