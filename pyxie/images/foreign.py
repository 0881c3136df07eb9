"""Words of a command line that mean something to another boot loader only.

They come along when a line is copied out of a configuration of pxelinux, syslinux, GRUB or
U-Boot. Most are harmless to Linux, and some are not: with ``initrd=initrd.gz`` a kernel under
UEFI looks for a file of that name where iPXE has its own, and stops (pve-iso-2-pxe#49).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Foreign:
    """A word that is not for the kernel.

    Attributes:
        word: As it is written.
        about: What it is, for a sentence that begins with it.
        dropped: It is left out, since it cannot be meant.
    """

    word: str
    about: str
    dropped: bool = False


_DIRECTIVES: Final = frozenset(
    ("APPEND", "KERNEL", "LINUX", "INITRD", "IPAPPEND", "SYSAPPEND", "LABEL", "MENU", "FDT")
) | frozenset(("DEFAULT", "TIMEOUT", "PROMPT", "LOCALBOOT", "append", "ipappend", "sysappend"))
_COMMANDS: Final = frozenset(
    ("linux", "linux16", "linuxefi", "initrd", "initrd16", "initrdefi", "kernel", "menuentry")
)
_GRUBS: Final = re.compile(
    r"(?:\$\{|(?:^|(?<=[=(,:/]))\$)(?:net_default_\w+|net_\w+_(?:mac|ip)|vt_handoff|linux_gfx_mode|grub_\w+|prefix|root"
    r"|cmdpath|isofile|iso_path|kernelopts|tuned_params)\b"
)
_UBOOTS: Final = re.compile(
    r"(?:\$\{|(?:^|(?<=[=(,:/]))\$)(?:serverip|ipaddr|gatewayip|bootfile|ethaddr|bootargs|fdt_addr\w*|kernel_addr\w*"
    r"|ramdisk_addr\w*)\b"
)


def foreign(cmdline: str) -> Iterator[Foreign]:
    """Walk the words of ``cmdline`` that are not for a Linux kernel, in their order."""
    for at, word in enumerate(cmdline.split()):
        if word.startswith("initrd="):
            yield Foreign(word, "names a file as pxelinux and GRUB do", dropped=True)
        elif at == 0 and word.upper() == "APPEND":
            yield Foreign(word, "is pxelinux's word in front of a command line", dropped=True)
        elif word in _DIRECTIVES:
            yield Foreign(word, "is a directive of pxelinux's")
        elif word in _COMMANDS:
            yield Foreign(word, "is a command of GRUB's")
        elif word == "\\":
            yield Foreign(word, "continues a line in GRUB or a shell")
        elif word.startswith("BOOT_IMAGE="):
            yield Foreign(word, "is what GRUB and pxelinux add to tell where the kernel lay")
        elif "$" not in word:
            continue
        elif _GRUBS.search(word):
            yield Foreign(word, "has a variable of GRUB's")
        elif _UBOOTS.search(word):
            yield Foreign(word, "has a variable of U-Boot's")


def mended(cmdline: str) -> str:
    """Return ``cmdline`` without the words that cannot be meant; the rest to the byte."""
    for word in [each.word for each in foreign(cmdline) if each.dropped]:
        cmdline = re.sub(rf"(?<!\S){re.escape(word)}(?!\S) ?", "", cmdline, count=1)
    return cmdline.strip()
