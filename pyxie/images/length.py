"""How long a kernel's command line may be, with all that is added to it.

What is over is cut off without a word, and what stands last is mostly where the installer finds
its answers: it would ask somebody at the screen instead (siderolabs/talos#12162).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from pyxie.architectures import ARCHITECTURES, Family
from pyxie.images.load import Load, Program


@dataclass(frozen=True, slots=True)
class Limit:
    """What a kind of machine takes.

    Attributes:
        machines: Which, in plain words.
        most: Bytes of the command line.
        named: The image's name counts, with a space: iPXE passes it as the first word
            (iPXE: src/image/efi_image.c).
    """

    machines: str
    most: int
    named: bool

    def size(self, load: Load) -> int:
        """Return how many bytes of it ``load`` takes."""
        name = f"{load.kernel} " if self.named and load.kernel else ""
        return len(f"{name}{load.arguments}".encode())


BIOS: Final = Limit("BIOS", 2046, named=False)
"""Linux on x86 takes 2047 (asm/setup.h, COMMAND_LINE_SIZE less the zero), which it tells in its
header; iPXE counts its own zero into that (src/arch/x86/image/bzimage.c)."""
UEFI: Final = Limit("UEFI", 2047, named=True)
"""Linux on x86, arm64 and riscv."""
ARM32: Final = Limit("arm32 UEFI", 1023, named=True)

_ARM32_CODES: Final = frozenset((0x0A, 0x12))


def limits_of(codes: Collection[int]) -> tuple[Limit, ...]:
    """Return the limits of machines with these codes of option 93; of none, the usual ones."""
    if not codes:
        return BIOS, UEFI
    found = [
        ARM32 if code in _ARM32_CODES else BIOS if row.family is Family.BIOS else UEFI
        for code, row in ARCHITECTURES.items()
        if code in codes
    ]
    return tuple(dict.fromkeys(found))


def cut(load: Load, codes: Collection[int]) -> tuple[list[Limit], bool]:
    """Return the limits that ``load`` exceeds, and whether there is no other.

    Args:
        load: What is passed to the kernel; only Linux has a limit that we know of.
        codes: The architectures that the machine may have; empty for any.
    """
    if load.program is not Program.LINUX:
        return [], False
    limits = limits_of(codes)
    over = [limit for limit in limits if limit.size(load) > limit.most]
    return over, len(over) == len(limits)


def sentence(load: Load, limit: Limit) -> str:
    """Return what is wrong with a command line that is over ``limit``."""
    size = limit.size(load)
    return (
        f"is {size} bytes with what is added to it, and a kernel on {limit.machines} cuts it "
        f"after {limit.most}: shorten it by {size - limit.most}"
    )
