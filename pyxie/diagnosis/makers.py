"""Which virtual machine a MAC address tells of, by its first three bytes (IEEE's OUI). Pure."""

from __future__ import annotations

from typing import Final

_MAKERS: Final = {
    "52:54:00": "QEMU",
    "bc:24:11": "Proxmox VE",
    "00:50:56": "VMware",
    "00:0c:29": "VMware",
    "00:05:69": "VMware",
    "08:00:27": "VirtualBox",
    "0a:00:27": "VirtualBox",
    "00:15:5d": "Hyper-V",
    "00:16:3e": "Xen",
    "00:1c:42": "Parallels",
}
"""As hypervisors give their guests by default. 52:54:00 is QEMU's own choice, and assigned to
nobody: bit 1 of its first byte says that it is made up locally."""


def virtual(mac: str) -> str:
    """Return the name of the hypervisor; empty where the address is of none that is known.

    Args:
        mac: ``aa:bb:cc:dd:ee:ff``.
    """
    return _MAKERS.get(mac[:8], "")
