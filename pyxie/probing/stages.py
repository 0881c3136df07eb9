"""What a loader that is not iPXE fetches next: shim's second stage, GRUB's configuration. Pure."""

from __future__ import annotations

from typing import Final

from pyxie.loaders.shims import second_stage
from pyxie.probing.heard import Heard
from pyxie.probing.target import ByHttp, ByTftp

_SHIM: Final = b"UEFI SHIM"
_GRUB: Final = b"GNU GRUB"
_SECOND: Final = ("grubx64.efi", "grubaa64.efi", "ipxe.efi")
"""What shims start that know no name of their own: it is compiled in (shim's DEFAULT_LOADER)."""
_ARCHITECTURES: Final = {0x07: "amd64", 0x0B: "arm64"}


def second(where: ByTftp | ByHttp, data: bytes) -> ByTftp | ByHttp | None:
    """Return what shim starts; None of what is no shim, or does not tell.

    Args:
        where: It was fetched from.
        data: The whole of it.
    """
    if _SHIM not in data:
        return None
    path = where.name if isinstance(where, ByTftp) else where.url
    name = second_stage(path)
    if not name:
        built_in = (each for each in _SECOND if each.encode("utf-16-le") in data)
        default = next(built_in, "")
        name = path[: len(path) - len(path.rpartition("/")[2])] + default if default else ""
    if not name:
        return None
    return ByTftp(where.server, name) if isinstance(where, ByTftp) else ByHttp(name)


def configuration(lease: Heard, arch: int, data: bytes) -> ByTftp | None:
    """Return where GRUB looks for its configuration; None if the loader is no GRUB.

    It goes by the ``siaddr`` of the DHCP server's acknowledgement, whoever offered the boot (GRUB's
    net/bootp.c): what the offer has there. In which folder is compiled in.

    Args:
        lease: Whose address is taken.
        arch: The client's architecture.
        data: The loader.
    """
    if _GRUB not in data:
        return None
    folder = f"debian-installer/{_ARCHITECTURES.get(arch)}/grub"
    if folder.encode() not in data:
        folder = "grub"
    return ByTftp(str(lease.next_server or "0.0.0.0"), f"{folder}/grub.cfg")
