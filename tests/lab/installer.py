"""Where Debian keeps firmware, boot loaders and the installer; how to run the latter fast."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from tests.lab import cpio, needs

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

EARLY_SAYS = "INSTALLER: "
"""What the console lines of a preseed's early command begin with."""

_HARDWARE = re.compile(
    r"kernel/(?:drivers/(?:net/(?!(?:virtio_net|net_failover)\.ko$)|staging/|gpu/|hid/)"
    r"|net/(?:mac80211|wireless|bluetooth)/).*\.ko$"
)
"""Drivers of what no machine of the lab has: two thirds of the Debian installer's initrd."""

_NETBOOT = Path("/usr/lib/debian-installer/images/12/amd64/text")
_NETBOOT_PACKAGE = "debian-installer-12-netboot-amd64"


def kernel() -> Path:
    """Return the Debian installer's kernel, signed for Secure Boot."""
    return needs.file(_NETBOOT / "debian-installer/amd64/linux", _NETBOOT_PACKAGE)


def initrd() -> Path:
    """Return the Debian installer's initrd, 41 MB."""
    return needs.file(_NETBOOT / "debian-installer/amd64/initrd.gz", _NETBOOT_PACKAGE)


def light_initrd() -> bytes:
    """Return the Debian installer's initrd without most drivers: 19 MB of 41.

    An emulated machine takes its time over each megabyte that it fetches and unpacks.
    """
    with gzip.open(initrd()) as archive:
        kept = (each for each in cpio.unpack(archive) if not _HARDWARE.search(each.name))
        return gzip.compress(cpio.pack(*kept), compresslevel=1, mtime=0)


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
