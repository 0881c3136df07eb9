"""A unified kernel image: one EFI program of kernel, initrd and command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab import needs

_STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

# Where each part is in memory; systemd-stub(7) has the first, and the kernel needs room.
_AT = {"cmdline": 0x30000, "linux": 0x2000000, "initrd": 0x3000000}


def build(into: Path, *, kernel: Path, initrd: bytes, cmdline: str) -> None:
    """Write an image to the file ``into``."""
    parts = {"cmdline": cmdline.encode(), "linux": kernel.read_bytes(), "initrd": initrd}
    command: list[str | Path] = [needs.program("objcopy", "binutils")]
    for name, content in parts.items():
        part = into.with_name(f"{into.name}.{name}")
        part.write_bytes(content)
        command += ["--add-section", f".{name}={part}"]
        command += ["--change-section-vma", f".{name}={_AT[name]:#x}"]
    subprocess.run([*command, needs.file(_STUB, "systemd-boot-efi"), into], check=True)
