"""Where Debian keeps firmware, boot loaders and the installer; how to run the latter fast."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Literal

from tests.lab import cpio, needs

Architecture = Literal["amd64", "arm64"]
"""As Debian names it."""

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


def kernel(architecture: Architecture = "amd64") -> Path:
    """Return the Debian installer's kernel, signed for Secure Boot."""
    return _netboot("linux", architecture)


def initrd(architecture: Architecture = "amd64") -> Path:
    """Return the Debian installer's initrd, 41 MB."""
    return _netboot("initrd.gz", architecture)


def light_initrd(architecture: Architecture = "amd64") -> bytes:
    """Return the Debian installer's initrd without most drivers: 19 MB of 41.

    An emulated machine takes its time over each megabyte that it fetches and unpacks.
    """
    with gzip.open(initrd(architecture)) as archive:
        kept = (each for each in cpio.unpack(archive) if not _HARDWARE.search(each.name))
        return gzip.compress(cpio.pack(*kept), compresslevel=1, mtime=0)


def shim(architecture: Architecture = "amd64") -> Path:
    """Return the shim, signed by Microsoft, that loads `grub` from its own folder."""
    return _netboot(
        {"amd64": "bootnetx64.efi", "arm64": "bootnetaa64.efi"}[architecture], architecture
    )


def grub(architecture: Architecture = "amd64") -> Path:
    """Return the signed GRUB: it reads ``debian-installer/ARCHITECTURE/grub/grub.cfg`` by TFTP."""
    return _netboot({"amd64": "grubx64.efi", "arm64": "grubaa64.efi"}[architecture], architecture)


def _netboot(name: str, architecture: Architecture) -> Path:
    folder = Path("/usr/lib/debian-installer/images/12", architecture, "text/debian-installer")
    package = f"debian-installer-12-netboot-{architecture}"
    return needs.file(folder / architecture / name, package)


def ipxe(name: str) -> Path:
    """Return one of iPXE's boot loaders, e.g. ``undionly.kpxe``, ``ipxe.efi``."""
    return needs.file(Path("/usr/lib/ipxe", name), "ipxe")


Keys = Literal["", "ms", "snakeoil"]
"""Of Secure Boot: none, and it is off; Microsoft's; those whose secret is in the package."""


def ovmf(keys: Keys = "") -> tuple[Path, Path]:
    """Return UEFI's code, and the variables of which each machine needs a copy.

    Args:
        keys: Enrolled there.
    """
    kind = f".{keys}" if keys else ""
    folder = Path("/usr/share/OVMF")
    return (
        needs.file(folder / f"OVMF_CODE_4M{kind}.fd", "ovmf"),
        needs.file(folder / f"OVMF_VARS_4M{kind}.fd", "ovmf"),
    )


def aavmf() -> tuple[Path, Path]:
    """Return UEFI's code for arm64, and the variables of which each machine needs a copy.

    Microsoft's keys are enrolled, and Secure Boot is on.
    """
    folder = Path("/usr/share/AAVMF")
    return (
        needs.file(folder / "AAVMF_CODE.ms.fd", "qemu-efi-aarch64"),
        needs.file(folder / "AAVMF_VARS.ms.fd", "qemu-efi-aarch64"),
    )
