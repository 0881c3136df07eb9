"""What was found out about a medium: data, from the process that has read it. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from pyxie.config.values import CPUS
from pyxie.media.extents import MediumError, Tree
from pyxie.media.loaderconfig import Entry

_LONGEST: Final = 2000
"""Letters of any text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system that is known, as a medium brings it.

    Attributes:
        family: Whose medium it is; a key of `pyxie.media.asrecipe.LINES`.
        title: The system, with its version.
        arch: As recipes have it.
        kernel: A file of the medium; empty where what is booted is none of it.
        initrds: Files of it, each with the name that a program finds it by, or none.
        modules: Files of it that ESXi's loader is to load, its kernel first.
        extends: The recipe that boots it in its place.
    """

    family: str
    title: str
    arch: str
    kernel: str = ""
    initrds: tuple[tuple[str, str], ...] = ()
    modules: tuple[str, ...] = ()
    extends: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """All files of the medium that it boots."""
        kernel = (self.kernel,) if self.kernel else ()
        return (*kernel, *(name for name, _ in self.initrds), *self.modules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a medium holds that boots.

    Attributes:
        volume: What it calls itself.
        names: Of which file system its names are.
        system: If it is a known one.
        entries: What its loaders offer, or what looks like it; the likeliest first.
        loaders: Programs for UEFI firmware.
        left_out: Files whose names cannot be.
    """

    volume: str = ""
    names: str = ""
    system: System | None = None
    entries: tuple[Entry, ...] = ()
    loaders: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """What is on a medium.

    Attributes:
        facts: What of it boots.
        tree: All its files, and where their bytes are.
    """

    facts: Facts
    tree: Tree


def check(facts: Facts, tree: Tree, families: Container[str]) -> None:
    """Check that facts can be shown, and are about a medium: who read it may have been taken over.

    Args:
        facts: What was found out.
        tree: What lies on it.
        families: Those that there are.

    Raises:
        MediumError: They are not.
    """
    system = facts.system
    said = [facts.volume, facts.names, *facts.loaders]
    files: list[str] = []
    for entry in facts.entries:
        said += [entry.label, entry.cmdline, entry.source]
        files += [entry.kernel, *entry.initrds]
    if system is not None:
        said += [system.title, system.extends, *(word for _, word in system.initrds)]
        files += system.files
        if system.family not in families or system.arch not in CPUS:
            raise MediumError("is of a system that nobody knows")
    if not all(text.isprintable() and len(text) <= _LONGEST for text in said):
        raise MediumError("says what cannot be shown")
    if not all(map(tree.holds, files)):
        raise MediumError("boots files that it does not hold")
