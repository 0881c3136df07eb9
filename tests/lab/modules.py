"""Drivers that the Debian installer fetches from a mirror, and which the lab has no mirror for.

    python -m tests.lab.modules        # fetch what is missing, by apt; a sentence if that fails

Its initrd for network boot drives network cards and USB, but no disks. They are taken out of the
package of the very same kernel, which is not installed for that.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.lab import installer, needs

NAMES = ("virtio_blk",)
"""What is fetched; what these need is in the initrd."""

_KEPT = Path(sys.prefix, "lab-modules")
_VERSION_AT = 0x20E
"""Where a kernel says where its version stands, less 0x200 (kernel: x86/boot.rst)."""


def module(name: str) -> Path:
    """Return a driver for the installer's kernel."""
    path = _KEPT / release() / f"{name}.ko"
    if not path.is_file():
        raise needs.MissingError(str(path), f"{Path(sys.executable)} -m tests.lab.modules")
    return path


def release() -> str:
    """Return the release of the installer's kernel, ``6.1.0-50-amd64``."""
    with installer.kernel().open("rb") as file:
        file.seek(_VERSION_AT)
        (at,) = struct.unpack("<H", file.read(2))
        file.seek(0x200 + at)
        return file.read(200).split()[0].decode()


def main() -> int:
    """Fetch what is missing; what cannot be had is no error, for tests skip without it."""
    try:
        folder = _KEPT / release()
        if not all((folder / f"{name}.ko").is_file() for name in NAMES):
            _fetch(f"linux-image-{release()}", folder)
    except (needs.MissingError, OSError, subprocess.CalledProcessError) as exc:
        print(f"The installer's disk drivers cannot be had: {exc}", file=sys.stderr)
    return 0


def _fetch(package: str, folder: Path) -> None:
    apt, dpkg = needs.program("apt-get", "apt"), needs.program("dpkg-deb", "dpkg")
    with tempfile.TemporaryDirectory(prefix="lab-modules-") as name:
        print(f"Fetching disk drivers out of {package}", file=sys.stderr)
        subprocess.run([apt, "--quiet", "download", package], cwd=name, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        (file,) = Path(name).glob("*.deb")
        folder.mkdir(parents=True, exist_ok=True)
        with subprocess.Popen([dpkg, "--fsys-tarfile", file], stdout=subprocess.PIPE) as unpacked:
            assert unpacked.stdout is not None
            with tarfile.open(fileobj=unpacked.stdout, mode="r|") as archive:
                for entry in archive:
                    stem, _, end = Path(entry.name).name.partition(".")
                    data = (
                        archive.extractfile(entry) if (end, stem in NAMES) == ("ko", True) else None
                    )
                    if data is not None:
                        (folder / f"{stem}.ko").write_bytes(data.read())


if __name__ == "__main__":
    sys.exit(main())
