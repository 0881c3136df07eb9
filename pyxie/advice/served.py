"""What a build would serve, as those see it who give advice on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyxie.config.nodes import Loc
from pyxie.registry.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a build would serve, rendered for a trial.

    Attributes:
        machine: With all that it inherits.
        base_url: How its installer reaches us.
        token: The trial's, which stands where that of a build will.
        cmdline: The kernel's command line, without what is added to it; that of the first NIC.
        script: iPXE's, of the first NIC.
        texts: The templates, by the name that the installer asks for.
    """

    machine: Machine
    base_url: str
    token: str
    cmdline: str = ""
    script: str = ""
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that will hardly be wanted.

    Attributes:
        about: The path of the value in the machine's definition, as ``("params", "disk")``.
        sentence: What comes of it, and what to do.
    """

    about: Loc
    sentence: str
