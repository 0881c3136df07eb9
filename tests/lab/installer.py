"""Where Debian keeps firmware, boot loaders and the installer; how to run the latter fast."""

from __future__ import annotations

from pathlib import Path

from tests.lab import needs

UNASKED = (
    "auto=true priority=critical interface=auto "
    "console=ttyS0 DEBIAN_FRONTEND=text TERM=dumb ipv6.disable=1 mitigations=off quiet"
)
"""What the Debian installer needs, beside ``url=`` and a name, to reach its preseed fast.

- ``interface=auto`` takes the first card with a link; with ``BOOTIF=01-…`` on the line, as
  pxelinux and iPXE scripts write it, the card that booted is taken instead.
- ``TERM=dumb`` keeps GNU screen out, which the installer starts on serial consoles: it
  costs twenty seconds, and draws over the text that a test waits for.
- ``ipv6.disable=1`` saves the wait for routers that are not there.
- It stops and asks for name servers if the DHCP server names none (option 6).
"""

INSTALLER_CMDLINE = f"{UNASKED} hostname=guest domain=lab"
"""The same with a name, which gives way to one from DHCP or DNS."""

EARLY_SAYS = "INSTALLER: "
"""What the console lines of `EARLY_PRESEED` begin with."""

EARLY_PRESEED = f"""\
d-i preseed/early_command string \\
    if answer=$(wget -q -O - '{{done}}'); then said="done said: $answer"; \\
    else said="failed: cannot call done"; fi; \\
    (echo; echo "{EARLY_SAYS}$said") > /dev/console; reboot -f
"""
"""A preseed that ends the installer as soon as it is read; ``{{done}}`` is to be filled in.

The early command runs right after the preseed is fetched and before a mirror is asked for,
so none is needed. The installer has busybox's wget; ``reboot -f`` ends QEMU.
"""

_NETBOOT = Path("/usr/lib/debian-installer/images/12/amd64/text")
_NETBOOT_PACKAGE = "debian-installer-12-netboot-amd64"


def kernel() -> Path:
    """Return the Debian installer's kernel, signed for Secure Boot."""
    return needs.file(_NETBOOT / "debian-installer/amd64/linux", _NETBOOT_PACKAGE)


def initrd() -> Path:
    """Return the Debian installer's initrd, 41 MB."""
    return needs.file(_NETBOOT / "debian-installer/amd64/initrd.gz", _NETBOOT_PACKAGE)


def shim() -> Path:
    """Return the shim, signed by Microsoft, that loads `grub` from its own folder."""
    return needs.file(_NETBOOT / "debian-installer/amd64/bootnetx64.efi", _NETBOOT_PACKAGE)


def grub() -> Path:
    """Return the signed GRUB: it reads ``debian-installer/amd64/grub/grub.cfg`` by TFTP."""
    return needs.file(_NETBOOT / "debian-installer/amd64/grubx64.efi", _NETBOOT_PACKAGE)


def ipxe(name: str) -> Path:
    """Return one of iPXE's boot loaders, e.g. ``undionly.kpxe``, ``ipxe.efi``."""
    return needs.file(Path("/usr/lib/ipxe", name), "ipxe")


def ovmf(*, secure: bool = False) -> tuple[Path, Path]:
    """Return UEFI's code, and the variables of which each machine needs a copy.

    Args:
        secure: With Microsoft's keys enrolled and Secure Boot on.
    """
    kind = ".ms" if secure else ""
    folder = Path("/usr/share/OVMF")
    return (
        needs.file(folder / f"OVMF_CODE_4M{kind}.fd", "ovmf"),
        needs.file(folder / f"OVMF_VARS_4M{kind}.fd", "ovmf"),
    )
