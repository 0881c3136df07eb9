"""Which architecture a boot loader is for, by its first bytes. Pure."""

from __future__ import annotations

from typing import Final

from pyxie.architectures import ARCHITECTURES, RASPBERRY, RASPBERRY_LOADERS, Family
from pyxie.loaders.pe import machine

HEAD: Final = 4096
"""Bytes from a file's beginning that tell; linkers put the PE header within the first few
hundred."""

_CPUS: Final = {
    0x014C: "ia32 UEFI",
    0x01C0: "arm32 UEFI",
    0x01C2: "arm32 UEFI",
    0x01C4: "arm32 UEFI",
    0x5032: "riscv32 UEFI",
    0x5064: "riscv64 UEFI",
    0x6232: "loongarch32 UEFI",
    0x6264: "loongarch64 UEFI",
    0x8664: "x64 UEFI",
    0xAA64: "arm64 UEFI",
}
"""Architectures by ``Machine`` of the PE header (Microsoft's "PE Format", machine types)."""


def codes_for(name: str, head: bytes) -> frozenset[int]:
    """Return the codes of option 93 whose clients can run a program.

    UEFI runs PE images for its own processor (UEFI 2.10 section 2.1.1). What is none runs on
    a BIOS; but a name that ends in ``.efi`` is taken at its word, for any UEFI.

    Args:
        name: The file's.
        head: Its first `HEAD` bytes, or all there are.
    """
    if name.lower() in RASPBERRY_LOADERS:  # no program, or for a processor of its own
        return frozenset((RASPBERRY,))
    cpu = _CPUS.get(machine(head))
    if cpu is not None:
        return frozenset(code for code, row in ARCHITECTURES.items() if row.machine == cpu)
    family = Family.UEFI if name.lower().endswith(".efi") else Family.BIOS
    return frozenset(code for code, row in ARCHITECTURES.items() if row.family is family)
