"""ISO images that a test makes, with the programs that distributions make theirs with."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.needs import program

Files = Mapping[str, bytes | str]
"""What lies on a medium, by its path; a text that begins with ``->`` is a link."""


def lay(folder: Path, files: Files) -> Path:
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith("->"):
            path.symlink_to(content[2:])
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def made(iso: Path, files: Files, *options: str, volume: str = "A_MEDIUM") -> Path:
    """Make an image by xorriso, by default with Rock Ridge and Joliet; return it."""
    tree = lay(iso.parent / f".{iso.name}.tree", files)
    options = options or ("-r", "-J")
    command = [_xorriso(), "-as", "mkisofs", "-quiet", *options, "-V", volume, "-o", str(iso)]
    subprocess.run([*command, str(tree)], check=True, capture_output=True)
    return iso


def made_with_udf(iso: Path, files: Files, *options: str, volume: str = "A_MEDIUM") -> Path:
    """Make an image by genisoimage, with UDF beside ISO 9660; return it."""
    return made_by_genisoimage(iso, files, "-udf", *options, volume=volume)


def made_by_genisoimage(iso: Path, files: Files, *options: str, volume: str = "A_MEDIUM") -> Path:
    """Make an image by genisoimage, by default with names of ISO 9660 alone; return it."""
    tree = lay(iso.parent / f".{iso.name}.tree", files)
    command = [program("genisoimage", "genisoimage"), "-quiet", *options]
    command += ["-V", volume, "-o", str(iso), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return iso


@cache
def _xorriso() -> str:
    return program("xorriso", "xorriso")


FEDORA: Files = {
    ".treeinfo": "[general]\nname = Fedora 40\nfamily = Fedora\nversion = 40\narch = x86_64\n",
    "images/pxeboot/vmlinuz": b"a kernel" * 1000,
    "images/pxeboot/initrd.img": b"an initrd" * 1000,
    "images/install.img": b"stage2" * 1000,
    "EFI/BOOT/BOOTX64.EFI": b"MZ",
}
"""A network installation medium of Fedora, as far as it is told by."""

UNKNOWN: Files = {
    "boot/Kernel-5": b"a kernel" * 1000,
    "boot/root.gz": b"an initrd" * 1000,
    "isolinux/isolinux.cfg": "default own\nlabel own\n  menu label ^Our own\n"
    "  kernel /boot/Kernel-5\n  append initrd=/boot/root.gz quiet {{ 7 * 7 }}\n",
}
"""A medium of nobody that is known."""
