"""Signed shims and the GRUBs that they start, as Debian's and Ubuntu's packages bring them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pyxie.loaders.lanes import PAIRS, Pair

_LIB: Final = Path("/usr/lib")

# What GRUB's images are called says where they look for grub.cfg: "grubnet" below /grub, and
# those of the installer below /debian-installer/ARCH/grub. A plain grubx64.efi.signed looks on
# the disk it came from, so it is none of these.
_PACKAGED: Final[Mapping[Pair, tuple[str, str]]] = {
    pair: (f"shim/{pair.shim}.signed", f"grub/{cpu}-efi-signed/{net}.signed")
    for pair, cpu, net in (
        (PAIRS[0x07], "x86_64", "grubnetx64.efi"),
        (PAIRS[0x0B], "arm64", "grubnetaa64.efi"),
    )
}
"""Of shim-signed, and of grub-efi-amd64-signed or grub-efi-arm64-signed."""

_NETBOOT: Final[Mapping[Pair, tuple[str, str]]] = {
    PAIRS[0x07]: ("amd64", "bootnetx64.efi"),
    PAIRS[0x0B]: ("arm64", "bootnetaa64.efi"),
}
"""Of debian-installer-12-netboot-amd64 and the like: an architecture, and what shim is called. The
package for arm64 can be installed on amd64, which the others for it cannot."""


def packaged(lib: Path = _LIB) -> dict[str, Path]:
    """Return where each shim is, and its GRUB, by the names under which they are served.

    Both are of one package, or of two that are updated together: a shim may refuse a GRUB that
    is older (SBAT). Of several the first counts that is whole.

    Args:
        lib: Where packages put them.
    """
    found: dict[str, Path] = {}
    for pair in _PACKAGED:
        for shim, grub in _places(pair, lib):
            if shim.is_file() and grub.is_file():
                found |= {pair.shim: shim, pair.grub: grub}
                break
    return found


def _places(pair: Pair, lib: Path) -> Iterator[tuple[Path, Path]]:
    shim, grub = _PACKAGED[pair]
    yield lib / shim, lib / grub
    arch, shim = _NETBOOT[pair]
    releases = (lib / "debian-installer/images").glob("*")
    for release in sorted(releases, key=_number, reverse=True):
        folder = release / arch / "text/debian-installer" / arch
        yield folder / shim, folder / pair.grub


def _number(release: Path) -> tuple[int, str]:
    return int(release.name) if release.name.isdecimal() else 0, release.name
