"""The machine of a boot by hand: what is booted, under nobody's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from pyxie.config.initrd import Initrd
from pyxie.config.nodes import Document, Plain
from pyxie.config.validate import all_told
from pyxie.errors import PyxieError
from pyxie.recipes.cookbook import UnknownSystemError
from pyxie.registry.define import Common, Definition, define
from pyxie.registry.machine import Machine

_NOBODY: Final = "boot"
_CALL: Final = Path("boot")
"""How messages name what was asked for."""


class UnfitError(PyxieError):
    """What was asked for is nothing that can be booted by hand."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(sentences)
        self.sentences = tuple(sentences)

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def of_kernel(kernel: str, initrds: Sequence[str | Initrd], cmdline: str) -> Machine:
    """Return a machine that boots a kernel.

    Args:
        kernel: A URL, or a file of ``images``.
        initrds: Likewise.
        cmdline: A template.

    Raises:
        UnfitError: It cannot be.
    """
    given: dict[str, Any] = {"hostname": _NOBODY, "kernel": kernel, "initrd": list(initrds)}
    try:
        return Machine.model_validate({**given, "cmdline": cmdline})
    except ValidationError as exc:
        raise UnfitError(all_told(Machine, exc)) from exc


def of_system(shared: Common, name: str, arch: str, cmdline: str) -> Definition:
    """Return what boots a system, for somebody at its screen.

    Without its templates: what installs by itself is for builds, which somebody began for one
    machine. So the command line is the recipe's for this, with what was asked for behind it.

    Args:
        shared: The settings, whose params count, and the recipes.
        name: The system's.
        arch: Which processor.
        cmdline: A template.

    Raises:
        UnfitError: There is no such recipe, or it is for builds only.
        ConfigError: The recipe has mistakes.
    """
    try:
        line = shared.cookbook.by_hand(name, arch)
    except UnknownSystemError as exc:
        raise UnfitError([str(exc)]) from exc
    if line is None and not cmdline:
        why = f"the recipe of {name!r} asks nobody at the screen (it has no 'interactive')"
        raise UnfitError([f"{why}: build a machine with it, or give a command line"])
    own: dict[str, Plain] = {"hostname": _NOBODY, "os": name, "arch": arch}
    own |= {"cmdline": " ".join(filter(None, (line, cmdline))) or None}
    own |= {"preseed": None, "finish": None, "templates": None}
    return define(shared, Document(_CALL, own, None))
