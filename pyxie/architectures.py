"""The client architectures: what IANA calls them, how they start, which loaders fit.

Codes are IANA's "Processor Architecture Types" (registry of RFC 5970, used by option 93
of RFC 4578). RFC 4578 had 7 and 9 the wrong way round until its erratum of 2016, so
firmware sends either for x64 UEFI (ipxe af9afd0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Family(StrEnum):
    """How the machine starts programs; decides option 43 and the kernel's format."""

    BIOS = "BIOS"
    UEFI = "UEFI"
    OTHER = "other"


class Transport(StrEnum):
    """How the firmware fetches its boot loader."""

    TFTP = "TFTP"
    HTTP = "HTTP"


@dataclass(frozen=True, slots=True)
class Architecture:
    """A row of the table.

    Attributes:
        code: As in option 93.
        name: In plain words, for the log.
        family: BIOS, UEFI or another.
        transport: TFTP, or HTTP for UEFI HTTP Boot.
        loaders: File names of boot loaders that fit, the best first, some in a folder; empty
            if pyxie knows none.
        shims: The same of shims that start a signed iPXE.
    """

    code: int
    name: str
    family: Family
    transport: Transport = Transport.TFTP
    loaders: tuple[str, ...] = ()
    shims: tuple[str, ...] = ()

    @property
    def machine(self) -> str:
        """The kind of machine, in plain words: the same for TFTP and for HTTP."""
        return self.name.removesuffix(" HTTP")


# As they are named by upstream's own downloads, by the packages of Debian (plain names, for
# x64), Fedora and EL (ipxe-snponly-x86_64.efi, arm64-efi/snponly.efi; EL 9 has ipxe-x86_64.efi
# as well), SUSE (snp-x86_64.efi) and Arch (x86_64/ipxe.efi), and in upstream's release archive
# (ipxeboot.tar.gz: a folder an architecture, and links to those for x64).
_PLAIN_EFI: Final = ("ipxe.efi", "snponly.efi")


def _efi(cpu: str, *plain: str) -> tuple[str, ...]:
    """Return what iPXE for that processor's UEFI is called, the best first.

    A name with the processor in it was put there by the operator, so that it comes first. One
    with iPXE's own drivers comes before one that uses the firmware's.
    """
    return (
        *(f"{name}-{cpu}.efi" for name in ("ipxe", "snponly")),
        *plain,
        *(f"{name}-{cpu}.efi" for name in ("ipxe-snponly", "snp")),
        *(
            f"{folder}/{name}"
            for folder in (f"{cpu}-efi", cpu, f"ipxeboot/{cpu}")
            for name in _PLAIN_EFI
        ),
    )


def _shims(cpu: str, suffix: str) -> tuple[str, ...]:
    """Return what the shims of a signed iPXE are called for that processor, the best first.

    As in upstream's release archive, or with shim's own word for the processor. Here the one for
    the iPXE without drivers comes first: the firmware's own has just loaded both, and goes on
    working, where some NICs do not survive that another takes them over (ipxe/ipxe#973).
    """
    return tuple(
        f"{folder}{name}-shim{processor}.efi"
        for folder in (f"{cpu}-sb/", f"ipxeboot/{cpu}-sb/", "")
        for name in ("snponly", "ipxe")
        for processor in ("", suffix)
    )


_BIOS: Final = (
    *("undionly.kpxe", "ipxe.pxe", "undionly.kkpxe"),
    # The 32-bit ones start on any processor; upstream's links in the archive are to the others.
    *(
        f"{folder}/{name}"
        for folder in ("i386", "x86_64", "ipxeboot/i386", "ipxeboot/x86_64")
        for name in ("undionly.kpxe", "ipxe.pxe")
    ),
)
_X64: Final = _efi("x86_64", *_PLAIN_EFI)
RASPBERRY_LOADERS: Final = ("bootcode.bin", "start4.elf", "start.elf", "config.txt")
"""What a Raspberry Pi asks for by itself, whatever it is told: of the Pi 3, of the Pi 4, of both,
and of the Pi 5, whose boot ROM has the rest in it."""
_IA32: Final = _efi("i386")
_ARM32: Final = _efi("arm32")
_ARM64: Final = _efi("arm64")
_X64_SHIMS: Final = _shims("x86_64", "x64")
_ARM64_SHIMS: Final = _shims("arm64", "aa64")
_RISCV32: Final = _efi("riscv32")
_RISCV64: Final = _efi("riscv64")
_LOONG64: Final = _efi("loong64")

_TABLE: Final = (
    Architecture(0x00, "BIOS", Family.BIOS, loaders=_BIOS),
    Architecture(0x01, "NEC PC-98", Family.OTHER),
    Architecture(0x02, "Itanium UEFI", Family.UEFI),
    Architecture(0x03, "DEC Alpha", Family.OTHER),
    Architecture(0x04, "Arc x86", Family.OTHER),
    Architecture(0x05, "Intel Lean Client", Family.OTHER),
    Architecture(0x06, "ia32 UEFI", Family.UEFI, loaders=_IA32),
    Architecture(0x07, "x64 UEFI", Family.UEFI, loaders=_X64, shims=_X64_SHIMS),
    Architecture(0x08, "XScale UEFI", Family.UEFI),
    Architecture(
        0x09, "x64 UEFI", Family.UEFI, loaders=_X64, shims=_X64_SHIMS
    ),  # EBC to the letter of IANA
    Architecture(0x0A, "arm32 UEFI", Family.UEFI, loaders=_ARM32),
    Architecture(0x0B, "arm64 UEFI", Family.UEFI, loaders=_ARM64, shims=_ARM64_SHIMS),
    Architecture(0x0C, "PowerPC Open Firmware", Family.OTHER),
    Architecture(0x0D, "PowerPC ePAPR", Family.OTHER),
    Architecture(0x0E, "POWER OPAL v3", Family.OTHER),
    Architecture(0x0F, "ia32 UEFI HTTP", Family.UEFI, Transport.HTTP, _IA32),
    Architecture(0x10, "x64 UEFI HTTP", Family.UEFI, Transport.HTTP, _X64, _X64_SHIMS),
    Architecture(0x11, "EBC UEFI HTTP", Family.UEFI, Transport.HTTP),
    Architecture(0x12, "arm32 UEFI HTTP", Family.UEFI, Transport.HTTP, _ARM32),
    Architecture(0x13, "arm64 UEFI HTTP", Family.UEFI, Transport.HTTP, _ARM64, _ARM64_SHIMS),
    Architecture(0x14, "BIOS HTTP", Family.BIOS, Transport.HTTP, _BIOS),
    Architecture(0x15, "arm32 U-Boot", Family.OTHER),
    Architecture(0x16, "arm64 U-Boot", Family.OTHER),
    Architecture(0x17, "arm32 U-Boot HTTP", Family.OTHER, Transport.HTTP),
    Architecture(0x18, "arm64 U-Boot HTTP", Family.OTHER, Transport.HTTP),
    Architecture(0x19, "riscv32 UEFI", Family.UEFI, loaders=_RISCV32),
    Architecture(0x1A, "riscv32 UEFI HTTP", Family.UEFI, Transport.HTTP, _RISCV32),
    Architecture(0x1B, "riscv64 UEFI", Family.UEFI, loaders=_RISCV64),
    Architecture(0x1C, "riscv64 UEFI HTTP", Family.UEFI, Transport.HTTP, _RISCV64),
    Architecture(0x1D, "riscv128 UEFI", Family.UEFI),
    Architecture(0x1E, "riscv128 UEFI HTTP", Family.UEFI, Transport.HTTP),
    Architecture(0x1F, "s390 basic", Family.OTHER),
    Architecture(0x20, "s390 extended", Family.OTHER),
    Architecture(0x21, "mips32 UEFI", Family.UEFI),
    Architecture(0x22, "mips64 UEFI", Family.UEFI),
    Architecture(0x23, "sunway32 UEFI", Family.UEFI),
    Architecture(0x24, "sunway64 UEFI", Family.UEFI),
    Architecture(0x25, "loongarch32 UEFI", Family.UEFI),
    Architecture(0x26, "loongarch32 UEFI HTTP", Family.UEFI, Transport.HTTP),
    Architecture(0x27, "loongarch64 UEFI", Family.UEFI, loaders=_LOONG64),
    Architecture(0x28, "loongarch64 UEFI HTTP", Family.UEFI, Transport.HTTP, _LOONG64),
    Architecture(0x29, "Raspberry Pi", Family.OTHER, loaders=RASPBERRY_LOADERS),  # arm rpiboot
)

RASPBERRY: Final = 0x29
"""Its code at IANA; over IPv4 it reports 0, and is told apart (raspberrypi/firmware#1928)."""

ARCHITECTURES: Final[Mapping[int, Architecture]] = MappingProxyType(
    {row.code: row for row in _TABLE}
)
"""Every architecture that pyxie knows by name, by its code."""

BY_IPXE: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("i386-pcbios", "x86_64-pcbios"), 0x00),
        "i386-efi": 0x06,
        "x86_64-efi": 0x07,
        "arm32-efi": 0x0A,
        "arm64-efi": 0x0B,
        "riscv32-efi": 0x19,
        "riscv64-efi": 0x1B,
        "loong64-efi": 0x27,
    }
)
"""Option 93's code by iPXE's ``${buildarch}-${platform}``."""
