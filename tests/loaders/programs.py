"""Boot loaders in a few bytes: what tells their architecture is real, the rest is not."""

from __future__ import annotations

BIOS = b"\xea\x05\x00\xc0\x07 a loader that is no PE image"


def efi(machine: int) -> bytes:
    """Return the beginning of a UEFI program for that kind of processor."""
    stub = bytearray(0x80)
    stub[:2] = b"MZ"
    stub[0x3C:0x40] = (0x80).to_bytes(4, "little")
    return bytes(stub) + b"PE\0\0" + machine.to_bytes(2, "little") + bytes(200)


X64, IA32, ARM64 = efi(0x8664), efi(0x014C), efi(0xAA64)
