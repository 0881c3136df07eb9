"""Files that are not there, and whose clients go on without: shim, GRUB, idle machines. Pure.

Nobody need hear of one that is not there; each boot asks for some ten of them.
"""

from __future__ import annotations

import re
from typing import Final

NOTHING: Final = "boot-from-disk"
"""What a machine is offered that is to go on to its next boot device (`pyxie.dhcp.onwards`).

It is told at once that there is no such file, and shows the name as it goes on. It needs no program
for each architecture, and no signature: Secure Boot refuses nothing that is not there.
"""

_PROBES: Final = re.compile(
    # shim 16: revocations.efi, revocations_sku.efi, revocations_sbat.efi, shim_certificate_0.efi.
    r"(?:revocations|shim_certificate)(?:_\w+)?\.efi"
    # GRUB: command.lst, fs.lst, crypto.lst, terminal.lst; a module that is not built in.
    r"|\w+\.(?:lst|mod)"
    # GRUB where it looks by itself: grub.cfg-01-52-54-…, grub.cfg-C0A84D01 (normal/main.c).
    r"|grub\.cfg-[\w-]+",
    re.IGNORECASE,
)


def is_probe(name: str) -> bool:
    """Tell whether a file is one that need not be there, by its name without folders."""
    return name == NOTHING or _PROBES.fullmatch(name) is not None


def is_entry(name: str) -> bool:
    """Tell whether a file is GRUB's first configuration.

    Debian's GRUB looks for it in ``grub``, the one of Debian's installer in
    ``debian-installer/ARCH/grub``, others beside themselves; some in a folder of the platform.

    Args:
        name: With its folders, in its plain spelling.
    """
    return _ENTRY.fullmatch(name) is not None


_ENTRY: Final = re.compile(
    # Fedora's, EL's and SUSE's look beside themselves, or where they lie on a disk; a system's own
    # is served in a folder of ours.
    r"(?:(?:boot/|debian-installer/\w+/)?grub2?/(?:\w+-efi/)?|EFI/\w+/|own/)?grub\.cfg",
    re.IGNORECASE,
)
