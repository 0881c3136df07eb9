"""What an unknown medium would boot: what its loaders say, else what looks like it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from pyxie.errors import NotServedError
from pyxie.media.extents import Tree
from pyxie.media.loaderconfig import Entry

CONFIGURATIONS: Final = re.compile(
    r"(.*/)?((isolinux|syslinux|extlinux|grub|loopback|kernels|live|txt|menu|install)\.cfg"
    r"|(isolinux|syslinux)/[^/]*\.cfg|loader/entries/[^/]*\.conf)",
    re.IGNORECASE,
)
"""Files that may be a loader's configuration."""

_LOADERS: Final = re.compile(r"EFI/BOOT/(?:BOOT[A-Z0-9]+|GRUB(?:X64|AA64)?)\.EFI", re.IGNORECASE)
_KERNELS: Final = re.compile(r"vmlinu[xz].*|bzimage.*|linux(26)?", re.IGNORECASE)
_INITRDS: Final = re.compile(r"(initrd|initramfs|core\.gz).*", re.IGNORECASE)
_MOST: Final = 16
"""Entries that are shown."""


def guessed(tree: Tree, found: Iterable[Entry]) -> list[Entry]:
    """Return what may be booted, the likeliest first.

    Args:
        tree: What lies on the medium.
        found: What its loaders offer.
    """
    offered = _there(tree, found)
    kernels = {entry.kernel for entry in offered}
    looks = (entry for entry in _by_name(tree) if entry.kernel not in kernels)
    return [*offered, *looks][:_MOST]


def loaders(tree: Tree) -> list[str]:
    """Return the programs that UEFI firmware would start from the medium, and their GRUB."""
    return sorted(name for name, _ in tree.files() if _LOADERS.fullmatch(name))[:_MOST]


def _there(tree: Tree, found: Iterable[Entry]) -> list[Entry]:
    """Return those of which all files are there, once each; installers before others."""
    kept: dict[tuple[str, tuple[str, ...], str], Entry] = {}
    for entry in found:
        try:
            kernel, *initrds = (tree.real(name) for name in (entry.kernel, *entry.initrds))
        except NotServedError:
            continue
        if tree.holds(kernel) and all(map(tree.holds, initrds)):
            key = kernel, tuple(initrds), entry.cmdline
            kept.setdefault(key, replace(entry, kernel=kernel, initrds=tuple(initrds)))
    return sorted(kept.values(), key=lambda entry: not entry.initrds)


def _by_name(tree: Tree) -> Iterator[Entry]:
    """Walk what is called as kernels are, each with the initrd beside it."""
    kernels: list[str] = []
    beside: dict[str, list[str]] = {}
    for name, _ in tree.files():
        folder, _, last = name.rpartition("/")
        if _KERNELS.fullmatch(last):
            kernels.append(name)
        elif _INITRDS.fullmatch(last):
            beside.setdefault(folder, []).append(name)
    for name in sorted(kernels, key=lambda name: (name.count("/"), name))[:_MOST]:
        folder, _, last = name.rpartition("/")
        yield Entry(last, name, tuple(sorted(beside.get(folder, ()))[:1]))
