"""The disk that a machine falls through to: it boots, says so on COM1, and halts.

One image for BIOS and UEFI: a FAT12 volume without partitions, whose first sector is boot
code, and which holds ``EFI/BOOT/BOOTX64.EFI``. Its text on the console is the witness that
the firmware went on to the next boot device.
"""

from __future__ import annotations

import struct

TEXT = "MARKER: booted from disk"
"""What the console shows; without its line ends."""

_SECTOR = 512
_SECTORS = 64
_LINE = b"\r\n" + TEXT.encode() + b"\r\n\0"

_CODE_AT = 0x3E
"""Where a boot sector has its code: behind the BIOS parameter block."""

# Print what SI points at, up to its zero, then halt with interrupts off: an idle machine.
# Byte operands only, so that these bytes mean the same in 16-bit and in 64-bit mode.
_PRINT = bytes.fromhex(
    "fc"    # cld
    "b603"  # mov dh, 3           the ports of COM1 are 0x3f8 to 0x3ff
    "ac"    # next: lodsb
    "84c0"  # test al, al
    "7410"  # jz halt
    "88c4"  # mov ah, al
    "b2fd"  # mov dl, 0xfd        line status
    "ec"    # wait: in al, dx
    "a820"  # test al, 0x20       transmitter empty?
    "74fb"  # jz wait
    "88e0"  # mov al, ah
    "b2f8"  # mov dl, 0xf8        transmitter
    "ee"    # out dx, al
    "ebeb"  # jmp next
    "f4"    # halt: hlt
    "ebfd"  # jmp halt
)  # fmt: skip

_UEFI_CODE = bytes.fromhex("fa488d35") + struct.pack("<I", len(_PRINT)) + _PRINT + _LINE
"""cli; lea rsi, [rip + the length of the loop]."""

# cli; xor ax, ax; mov ds, ax; mov si, the address of the text: the BIOS loads at 0x7c00.
_BIOS_START = bytes.fromhex("fa31c08ed8be")
_BIOS_CODE = (
    _BIOS_START
    + struct.pack("<H", 0x7C00 + _CODE_AT + len(_BIOS_START) + 2 + len(_PRINT))
    + _PRINT
    + _LINE
)


def disk() -> bytes:
    """Return the image: boot sector, FAT, root folder, EFI, EFI/BOOT, BOOTX64.EFI."""
    loader = _efi_application(_UEFI_CODE)
    chain = [0xFF8, 0xFFF, 0xFFF, 0xFFF, *range(5, 4 + len(loader) // _SECTOR), 0xFFF]
    image = b"".join(
        (
            _boot_sector(),
            _fat12(chain).ljust(_SECTOR, b"\0"),
            _folder(_entry("EFI", cluster=2)),
            _folder(_entry(".", cluster=2), _entry("..", cluster=0), _entry("BOOT", cluster=3)),
            _folder(
                _entry(".", cluster=3),
                _entry("..", cluster=2),
                _entry("BOOTX64", "EFI", cluster=4, size=len(loader)),
            ),
            loader,
        )
    )
    return image.ljust(_SECTORS * _SECTOR, b"\0")


def _boot_sector() -> bytes:
    jump = bytes((0xEB, _CODE_AT - 2, 0x90))
    parameters = struct.pack(
        "<8sHBHBHHBHHHIIBBBI11s8s",
        b"MARKER", _SECTOR, 1, 1, 1, _SECTOR // 32, _SECTORS, 0xF8, 1, 63, 16, 0, 0,
        0x80, 0, 0x29, 0x50584945, b"MARKER", b"FAT12",
    )  # fmt: skip
    return (jump + parameters + _BIOS_CODE).ljust(_SECTOR - 2, b"\0") + b"\x55\xaa"


def _fat12(entries: list[int]) -> bytes:
    packed = sum(entry << (12 * index) for index, entry in enumerate(entries))
    return packed.to_bytes((len(entries) * 12 + 7) // 8, "little")


def _entry(name: str, extension: str = "", *, cluster: int, size: int = 0) -> bytes:
    """Return a folder's entry; what has no size is a folder itself."""
    padded = f"{name:8}{extension:3}".encode()
    attributes = 0x20 if size else 0x10
    return struct.pack("<11sB14xHI", padded, attributes, cluster, size)


def _folder(*entries: bytes) -> bytes:
    return b"".join(entries).ljust(_SECTOR, b"\0")


def _efi_application(code: bytes) -> bytes:
    """Wrap x86-64 code in the least PE32+ file that UEFI takes for an application."""
    section = code.ljust(_SECTOR, b"\0")
    directories = 16
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        0x20B, 0, 0, _SECTOR, 0, 0, _SECTOR, _SECTOR,  # sizes, entry point, base of code
        0, _SECTOR, _SECTOR, 0, 0, 0, 0, 0, 0, 0,      # image base, alignments, versions
        2 * _SECTOR, _SECTOR, 0, 10, 0,                # subsystem 10: EFI application
        0, 0, 0, 0, 0, directories,
    ) + bytes(8 * directories)  # fmt: skip
    coff = struct.pack("<4sHHIIIHH", b"PE", 0x8664, 1, 0, 0, 0, len(optional), 0x0022)
    text = struct.pack(
        "<8sIIIIIIHHI", b".text", len(code), _SECTOR, _SECTOR, _SECTOR, 0, 0, 0, 0, 0x60000020
    )
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    return (dos + coff + optional + text).ljust(_SECTOR, b"\0") + section
