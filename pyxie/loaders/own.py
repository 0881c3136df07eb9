"""The shim and GRUB of the system that a machine is to boot, as its loaders. Pure."""

from __future__ import annotations

from typing import Final

from pyxie.architectures import ARCHITECTURES
from pyxie.config.build import BuildKeys
from pyxie.config.checksums import Kernel
from pyxie.config.values import AMD64, ARM64

FOLDER: Final = "own"
"""Below a machine's MAC, where its system's loaders are served; short, for a boot file's name has
127 bytes in DHCP's header, which a shim reads alone."""

_KINDS: Final = {AMD64: "x64 UEFI", ARM64: "arm64 UEFI"}
_CODES: Final = {
    arch: frozenset(code for code, row in ARCHITECTURES.items() if row.machine == kind)
    for arch, kind in _KINDS.items()
}


def own_shim(machine: BuildKeys) -> tuple[str, frozenset[int]]:
    """Return what a machine's own shim is served as, and for which architectures.

    Empty, and for none, where it has no shim or no GRUB.

    Args:
        machine: With all that it inherits.
    """
    if not _url(machine.shim) or not _url(machine.grub):
        return "", frozenset()
    return f"{FOLDER}/{served(machine.shim)}", _CODES[machine.arch]


def is_debians(machine: BuildKeys) -> bool:
    """Tell whether Debian's shim trusts the kernel of a machine's system."""
    return machine.operatingsystem.strip().lower().startswith("debian")


def served(file: str | Kernel) -> str:
    """Return the name that a file is served under: the last part of its path."""
    return _url(file).partition("?")[0].rpartition("/")[2]


def _url(file: str | Kernel) -> str:
    return file.url if isinstance(file, Kernel) else file
