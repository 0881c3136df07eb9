"""What a build would serve, as those see it who give advice on it."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from pyxie.bylines import ByLines
from pyxie.config.nodes import Loc
from pyxie.images.load import Load
from pyxie.registry.machine import Machine

_FEWEST: Final = 40
_BASE64: Final = ByLines(re.compile(rf"[A-Za-z0-9+/]{{{_FEWEST},}}"), _FEWEST)
"""Long enough for an address with a token; an encoded file has no other sign of it everywhere."""

_SHORT: Final = 1 << 16
"""Characters of a text that is looked through once for all who give advice on it."""


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
        hooks: Words of commands, and URLs, that are run for the build while it is active.
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
    hooks: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    written: frozenset[Loc] = frozenset()

    def said(self) -> Iterator[str]:
        """Give all that is served, also what stands in it encoded, as in Ignition's files."""
        for text in (self.cmdline, *self.texts.values()):
            yield text
            yield from _known(text) if len(text) <= _SHORT else _within(text)


def _within(text: str) -> Iterator[str]:
    """Give what stands in a text encoded."""
    if "%2F" in text or "%2f" in text:
        yield unquote(text)
    for letters in _BASE64.found(text):
        whole = letters[:-1] if len(letters) % 4 == 1 else letters  # six bits make no byte
        yield b64decode(whole + "=" * (-len(whole) % 4)).decode("latin-1")


@lru_cache(8)
def _known(text: str) -> tuple[str, ...]:
    return tuple(_within(text))


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
