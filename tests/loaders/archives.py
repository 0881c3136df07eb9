"""Archives laid out as iPXE's releases are, and hostile ones."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence

from tests.loaders.programs import ARM64, BIOS, X64

SHIM, SHIM_ARM64 = X64 + b" a shim", ARM64 + b" a shim"

FILES: dict[str, bytes] = {
    "ipxeboot/x86_64/ipxe.efi": X64 + b" with drivers",
    "ipxeboot/x86_64/ipxe-legacy.efi": X64 + b" with old drivers",
    "ipxeboot/x86_64/undionly.kpxe": BIOS,
    "ipxeboot/i386/undionly.kpxe": BIOS + b" of 32 bits",
    "ipxeboot/x86_64-sb/ipxe.efi": X64 + b" signed",
    "ipxeboot/x86_64-sb/snponly.efi": X64 + b" signed, without drivers",
    "ipxeboot/x86_64-sb/shimx64.efi": SHIM,
    "ipxeboot/arm64-sb/snponly.efi": ARM64 + b" signed, without drivers",
    "ipxeboot/arm64-sb/shimaa64.efi": SHIM_ARM64,
}
LINKS = {
    "ipxeboot/ipxe.efi": "x86_64/ipxe.efi",
    "ipxeboot/sb": "x86_64-sb",
    "ipxeboot/x86_64-sb/ipxe-shim.efi": "shimx64.efi",
    "ipxeboot/x86_64-sb/snponly-shim.efi": "shimx64.efi",
    "ipxeboot/arm64-sb/snponly-shim.efi": "shimaa64.efi",
}
USEFUL: dict[str, bytes] = {
    "i386/undionly.kpxe": BIOS + b" of 32 bits",
    "x86_64/ipxe.efi": X64 + b" with drivers",
    "x86_64/undionly.kpxe": BIOS,
    "x86_64-sb/ipxe.efi": X64 + b" signed",
    "x86_64-sb/ipxe-shim.efi": SHIM,
    "x86_64-sb/snponly.efi": X64 + b" signed, without drivers",
    "x86_64-sb/snponly-shim.efi": SHIM,
    "x86_64-sb/shimx64.efi": SHIM,
    "arm64-sb/snponly.efi": ARM64 + b" signed, without drivers",
    "arm64-sb/snponly-shim.efi": SHIM_ARM64,
    "arm64-sb/shimaa64.efi": SHIM_ARM64,
}


def tar(
    files: Mapping[str, bytes],
    links: Mapping[str, str] | None = None,
    more: Sequence[tarfile.TarInfo] = (),
) -> bytes:
    """Return a tar archive, not packed yet."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for member in more:
            archive.addfile(member)
    return made.getvalue()


def release(
    files: Mapping[str, bytes] = FILES,
    links: Mapping[str, str] = LINKS,
    more: Sequence[tarfile.TarInfo] = (),
) -> bytes:
    """Return an archive as a server has it."""
    return gzip.compress(tar(files, links, more), mtime=0)
