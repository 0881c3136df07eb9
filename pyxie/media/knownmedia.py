"""Which system a medium brings, by files that its makers put on it for that. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyxie.media import installermedia, livemedia
from pyxie.media.extents import Tree
from pyxie.media.facts import System
from pyxie.media.marks import Marks, Texts

TEXTS: Final = (
    ".treeinfo",
    ".discinfo",
    ".disk/info",
    ".cd-info",
    ".alpine-release",
    "arch/version",
    "boot.cfg",
    "efi/boot/boot.cfg",
    "media.1/products",
)
"""Files that say which system it is."""

_FINDERS: Final[tuple[Callable[[Marks], System | None], ...]] = (
    livemedia.coreos,
    installermedia.anaconda,
    installermedia.proxmox,
    livemedia.casper,
    livemedia.live,
    installermedia.suse,
    livemedia.dracut,
    livemedia.alpine,
    livemedia.archiso,
    installermedia.debian,
    installermedia.windows,
    installermedia.esxi,
)


def known(tree: Tree, texts: Texts, volume: str) -> System | None:
    """Return the system that a medium brings; None if it is not known.

    Args:
        tree: What lies on it.
        texts: Some of `TEXTS`.
        volume: What it calls itself.
    """
    marks = Marks(tree, texts, volume)
    for find in _FINDERS:
        found = find(marks)
        if found is not None and all(map(tree.holds, found.files)):
            return found
    return None
