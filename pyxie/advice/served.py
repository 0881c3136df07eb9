"""What a build would serve, as those see it who give advice on it."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from pyxie.config.nodes import Loc
from pyxie.images.load import Load
from pyxie.registry.machine import Machine

_BASE64 = re.compile(r"base64(?:,|://)([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a build would serve, rendered for a trial.

    Attributes:
        machine: With all that it inherits.
        base_url: How its installer reaches us.
        token: The trial's, which stands where that of a build will.
        cmdline: The kernel's command line as it is written, without what is added to it or
            left out of it; that of the first NIC.
        kernel: The kernel's file, by its own name.
        load: What the kernel is passed; None where nothing is loaded.
        script: iPXE's, of the first NIC.
        texts: The templates, by the name that the installer asks for.
        reads: What of the machine was read for it all, hooks too; see `pyxie.render.reads`.
        written: The paths of what the machine's own file and the call say.
    """

    machine: Machine
    base_url: str
    token: str
    cmdline: str = ""
    kernel: str = ""
    load: Load | None = None
    script: str = ""
    texts: Mapping[str, str]
    reads: frozenset[str] = frozenset()
    written: frozenset[Loc] = frozenset()

    def said(self) -> Iterator[str]:
        """Give all that is served, also what stands in it in base64: Ignition's files do."""
        for text in (self.cmdline, *self.texts.values()):
            yield text
            for found in _BASE64.findall(text):
                with suppress(ValueError):
                    yield b64decode(found, validate=True).decode()


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that will hardly be wanted.

    Attributes:
        about: The path of the value in the machine's definition, as ``("params", "disk")``.
        sentence: What comes of it, and what to do.
        aside: It is for who looks at the files, not for who begins a build.
        word: Where in the value, if it stands there as it was written.
    """

    about: Loc
    sentence: str
    aside: bool = False
    word: str = ""
