"""How iPXE is to load a kernel, and what it passes on: that depends on what the kernel is.

A Linux kernel is told its initrds and the NIC that booted. Other programs take what was
written and nothing else: wimboot stops at a word it does not know and finds its files by name
(wimboot: src/cmdline.c), ESXi's mboot has its options first, and a unified kernel image has its
command line inside, which anything from outside replaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pyxie.config.initrd import WORD, doubled
from pyxie.errors import NotServedError
from pyxie.images.foreign import mended


class Program(Enum):
    """What a kernel is, as far as loading it goes."""

    LINUX = "linux"
    """A Linux kernel, or one that takes the same words."""
    SEALED = "sealed"
    """An EFI program to which nothing is to be passed: a unified kernel image."""
    WIMBOOT = "wimboot"
    """Finds its files by name, and takes a few words of its own."""
    OTHER = "other"
    """A loader or a tool: shim, GRUB, mboot, memtest86+, memdisk, another iPXE."""


_OTHERS: Final = re.compile(
    r"(?:shim|grub|mm)(?:x64|ia32|aa64|arm)?\.efi"
    r"|boot(?:net)?(?:x64|ia32|aa64|arm)\.efi"
    r"|(?:shim|grub|mboot|memtest|mt86|memdisk|undionly|snponly|ipxe)[^/]*"
    r"|.*\.(?:c32|0|pxe|kpxe|kkpxe|lkrn)",
    re.IGNORECASE,
)


def program_of(kernel: str, cmdline: str) -> Program:
    """Return what a kernel is.

    Args:
        kernel: The file's own name.
        cmdline: What is written for it, rendered.
    """
    if kernel.lower().startswith("wimboot"):
        return Program.WIMBOOT
    # No parameter of Linux's begins with a dash, but options do. "---" is Debian's installer's.
    if _OTHERS.fullmatch(kernel) or re.match(r"--?\w", cmdline):
        return Program.OTHER
    if kernel.lower().endswith(".efi") and not cmdline:
        return Program.SEALED
    return Program.LINUX


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What iPXE is to do.

    Attributes:
        program: What the kernel is.
        kernel: The name that it is loaded under; empty for none. UEFI programs are passed it as
            the first word (iPXE: src/image/efi_image.c).
        initrds: Likewise, of each.
        told: Words that tell the kernel its initrds.
        line: What follows, and may be empty.
    """

    program: Program
    kernel: str
    initrds: tuple[str, ...]
    told: tuple[str, ...]
    line: str

    @property
    def arguments(self) -> str:
        """All that is passed, in one line."""
        return " ".join(filter(None, (*self.told, self.line)))


def load(
    kernel: str,
    initrds: Sequence[tuple[str, str]],
    cmdline: str,
    bootif: str,
    wish: bool | None = None,
) -> Load:
    """Return how ``kernel`` is loaded.

    Args:
        kernel: The file's own name.
        initrds: Of each the name that is written for it, which may be empty, and the file's own.
        cmdline: What is written, rendered, in one line.
        bootif: The NIC that booted, as pxelinux's IPAPPEND 2 tells it; empty if unknown.
        wish: Whether it is to be told; None for where it is of use.

    Raises:
        NotServedError: Two initrds have one name, or one needs a name and has none.
    """
    line = mended(cmdline)
    program = program_of(kernel, line)
    if program in (Program.WIMBOOT, Program.OTHER):
        line = cmdline
    if program is Program.LINUX:
        names = tuple(name or f"initrd{at}" for at, (name, _) in enumerate(initrds))
        named, told = "kernel", tuple(f"initrd={name}" for name in names)
    else:
        names, told = tuple(name or _own(file) for name, file in initrds), ()
        named = kernel if WORD.fullmatch(kernel) else "kernel"
    if program is Program.SEALED:
        named = ""
    if twice := doubled((*names, named)):
        # Of a kernel and an initrd of one name, iPXE would take the kernel for both.
        raise NotServedError("initrd", f"{twice!r} is the name of two files; give each its own")
    line = _with_bootif(line, bootif, program, wish)
    if line and not named:
        named = "kernel"
    return Load(program=program, kernel=named, initrds=names, told=told, line=line)


def _own(file: str) -> str:
    if WORD.fullmatch(file):
        return file
    why = f"{file[:80]!r} is no name for iPXE: write {{name: …, url: …}} with another"
    raise NotServedError("initrd", why)


def _with_bootif(line: str, bootif: str, program: Program, wish: bool | None) -> str:
    """Name the NIC that booted, as pxelinux's IPAPPEND 2 does, so that installers use it.

    With Linux it stands in front: what follows ``---`` ends up in the installed system's own
    boot options. Elsewhere options come first. One that the operator wrote is left as it is.
    """
    wanted = wish if wish is not None else program is Program.LINUX
    if not wanted or not bootif or "BOOTIF=" in line:
        return line
    word = f"BOOTIF={bootif}"
    return " ".join(filter(None, (word, line) if program is Program.LINUX else (line, word)))
