"""``autoexec.ipxe``: what an iPXE under UEFI runs if it is there, in place of its own start. Pure.

It looks in the folder that it was loaded from, and newer ones in the root after that (iPXE 2.0.0:
src/interface/efi/efi_autoexec.c). A signed iPXE can be given a script no other way before it asks
DHCP, for its signature is of its bytes.
"""

from __future__ import annotations

from typing import Final

NAME: Final = "autoexec.ipxe"

_BEFORE: Final = """\
#!ipxe
# Goes on to the script of the machine, by the NIC that reaches pyxie.
set idx:int32 0

:next
isset ${net${idx}/mac} || goto none
"""
_AFTER: Final = """\
dhcp net${{idx}} || goto other
chain --replace --autofree {url}/ipxe/${{net${{idx}}/mac}}?sb=${{efi/SecureBoot}} ||

:other
inc idx && goto next ||

:none
autoboot
"""


def is_autoexec(name: str) -> bool:
    """Tell whether a loader asks for that script, in whatever folder."""
    return name.replace("\\", "/").rpartition("/")[2].lower() == NAME


def autoexec(url: str, mac: str | None) -> str:
    """Return a script that leads to a machine's own.

    Whatever NIC a machine has, each is tried in its turn; it ends where iPXE would have begun
    without it, so that a machine whose MAC iPXE spells otherwise than its firmware boots all the
    same.

    Args:
        url: Ours, as the machine reaches it.
        mac: ``aa:bb:cc:dd:ee:ff``, if it is known by which NIC it has come: no other is tried.
    """
    only = f"iseq ${{net${{idx}}/mac}} {mac} || goto other\n" if mac else ""
    return _BEFORE + only + _AFTER.format(url=url)
