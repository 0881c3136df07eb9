"""The configurations that do not depend on what is booted. Pure.

Each that is sourced from `ENTRY` sets ``again`` to ``y`` to be asked for once more, and ``wait`` to
``n`` where nobody need read what it has said.
"""

from __future__ import annotations

from typing import Final

from pyxie.render.grubwords import word

_ON_DISK: Final = (
    *(
        f"/EFI/{system}/shim${{cpu}}.efi"
        for system in ("debian", "ubuntu", "fedora", "redhat", "centos", "rocky", "almalinux")
    ),
    "/EFI/opensuse/shim.efi",
    "/EFI/Microsoft/Boot/bootmgfw.efi",
    "/EFI/BOOT/boot${cpu}.efi",
)
"""Where installed systems have their loaders; letter case is no matter on FAT."""

ENTRY: Final = """\
# What this machine goes on by is another file, by the MAC address that it has booted by. Only a
# GRUB that Secure Boot has started is locked down.
if [ "$lockdown" = y ]; then set secure_boot=on; else set secure_boot=off; fi
set again=y
while [ "$again" = y ]; do
    set again=n
    source "/grub/$net_default_mac/$grub_cpu/$secure_boot.cfg"
done
echo 'pyxie: going on to the disk'
if [ "$wait" != n ]; then sleep 5; fi
if [ "$grub_cpu" = arm64 ]; then set cpu=aa64; else set cpu=x64; fi
# What leaves GRUB is a success to the firmware, which shows its menu then (EDK2's BdsEntry.c). So
# what is on the disk is started here; a system's own loader first, for the one in /EFI/BOOT may be
# shim's fallback, which writes the boot order anew.
for loader in @LOADERS@; do
    if search --no-floppy --set=disk --file "$loader"; then
        if chainloader "($disk)$loader"; then boot; fi
    fi
done
exit
""".replace("@LOADERS@", " ".join(f'"{each}"' for each in _ON_DISK))
"""The ``grub.cfg`` of all machines."""

_AGAIN: Final = "sleep 30\nset again=y\n"


def local(why: str) -> str:
    """Return what goes on to the next boot device at once, with ``why`` on the screen."""
    return f"echo {word(f'pyxie: {why}')}\nset wait=n\n"


def notice(why: str, *, again: bool) -> str:
    """Return what shows ``why`` on the machine's screen.

    Args:
        why: One sentence.
        again: Ask again after a while, instead of going on to the next boot device.
    """
    said = f"echo {word(f'pyxie: {why}')}\n"
    if not again:
        return said
    return f"{said}echo {word('pyxie: It is tried again in 30 seconds.')}\n{_AGAIN}"
