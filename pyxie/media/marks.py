"""What a medium's system is told by: the files that are there, and what some of them say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from pyxie.config.values import AMD64, ARM64
from pyxie.media.extents import Tree

ARCHS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("x86_64", "amd64", "x64"), AMD64),
        **dict.fromkeys(("aarch64", "arm64"), ARM64),
    }
)
"""The processors that pyxie knows, by what makers of systems call them."""

_TITLE: Final = 80
_LINE: Final = 1000
"""Letters that are looked at of a file which has one line."""

Texts: TypeAlias = Mapping[str, str]
"""What files of a medium say, by their names; of those that are there."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is told by.

    Attributes:
        tree: What lies on the medium.
        texts: What some of its files say.
        volume: What it calls itself.
    """

    tree: Tree
    texts: Texts
    volume: str

    def says(self, name: str) -> str:
        """Return what a file says that has one line or some; empty if it is not there."""
        return self.texts.get(name, "")[:_LINE]

    def first(self, *names: str) -> str:
        """Return the first of these files that is there; empty if none is."""
        return next(filter(self.tree.holds, names), "")

    def by_efi(self) -> str:
        """Return the architecture that it has a loader for."""
        only_arm = self.tree.holds("EFI/BOOT/BOOTAA64.EFI") and not self.tree.holds(
            "EFI/BOOT/BOOTX64.EFI"
        )
        return ARM64 if only_arm else AMD64


def arch_among(words: Iterable[str]) -> str:
    """Return the first architecture that words name; the one that most have, if none does."""
    return next((ARCHS[word] for word in words if word in ARCHS), AMD64)


def titled(text: str) -> str:
    """Return a title without what cannot be shown, or means something in a recipe."""
    shown = "".join(c if c.isprintable() and c not in "{}" else " " for c in text)
    return " ".join(shown.split())[:_TITLE]


def ini(text: str) -> dict[str, dict[str, str]]:
    """Return what the sections of an INI file say; what is none of it is passed over."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in text.splitlines():
        if head := re.fullmatch(r"\s*\[([^\]]*)\]\s*", line):
            section = found.setdefault(head[1], {})
        elif "=" in line and not line.lstrip().startswith((";", "#")):
            key, _, value = line.partition("=")
            section[key.strip()] = value.strip()
    return found


def assignments(text: str) -> dict[str, str]:
    """Return what a file says line by line as ``KEY=value``, or in quotes as a shell has them."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("'\"") for key, _, value in pairs}
