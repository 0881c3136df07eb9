"""Which boot loaders there are, for whom, and which are missing; reads files, so for threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyxie.architectures import ARCHITECTURES, RASPBERRY
from pyxie.errors import NotServedError
from pyxie.loaders.folders import Loaders
from pyxie.loaders.pe import read
from pyxie.loaders.signers import Signer, signers

_MOST_READ: Final = 32 * 1024 * 1024
"""Bytes of a loader; GRUB's are four million."""

_PACKAGES: Final[Mapping[str, str]] = {
    "BIOS": "the package 'ipxe' ('ipxe-bootimgs-x86' on Fedora and EL, 'ipxe-bootimgs' on SUSE)",
    "x64 UEFI": "the package 'ipxe' ('ipxe-bootimgs-x86' on Fedora and EL, 'ipxe-bootimgs' on"
    " SUSE)",
    "ia32 UEFI": "the package 'ipxe-bootimgs-x86' of EL 9, or 'ipxe-bootimgs' of SUSE",
    "arm64 UEFI": "the package 'ipxe' of Debian 13 and later ('ipxe-bootimgs-aarch64' on Fedora"
    " and EL)",
    ARCHITECTURES[RASPBERRY].name: "the Pi's own firmware, as it is on an SD card",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """What machines of one kind are handed, and what else they can run.

    Attributes:
        client: The architecture's name.
        codes: Its codes in option 93.
        name: The loader's, in its folder; empty where there is none.
        path: Where it lies.
        size: In bytes.
        version: Its own word; empty if it has none that can be read.
        signers: Who signed it; none for one that Secure Boot refuses.
        usual: It is what they are handed where nothing else is asked for.
        missing: What brings one, where there is none.
    """

    client: str
    codes: tuple[int, ...]
    name: str = ""
    path: Path | None = None
    size: int = 0
    version: str = ""
    signers: tuple[Signer, ...] = ()
    usual: bool = False
    missing: str = ""


def listed(loaders: Loaders, folder: Path) -> Iterator[Listed]:
    """Yield what is there by client, the usual one first, and a row for who has none.

    Args:
        loaders: Those of now.
        folder: The operator's.
    """
    for client, codes in _clients().items():
        usual = loaders.by_architecture.get(codes[0], "")
        names = dict.fromkeys([usual] if usual else [])
        names |= dict.fromkeys(loaders.catalogue.fitting(codes[0]))
        if not names:
            yield Listed(client, codes, missing=_missing(client, codes[0], folder))
        for name in names:
            try:
                path = loaders.find(name)
                size, program = path.stat().st_size, read(_bytes(path))
            except (NotServedError, OSError):
                continue  # it is gone meanwhile
            who = signers(program.signatures)
            yield Listed(client, codes, name, path, size, program.version, who, usual=name == usual)


def _clients() -> dict[str, tuple[int, ...]]:
    """Return the codes of each kind of machine that pyxie knows a loader for."""
    found: dict[str, list[int]] = {}
    for code, row in ARCHITECTURES.items():
        if row.loaders:
            found.setdefault(row.machine, []).append(code)
    return {name: tuple(codes) for name, codes in found.items()}


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_READ)


def _missing(client: str, code: int, folder: Path) -> str:
    named = ARCHITECTURES[code].loaders[0]
    brought = _PACKAGES.get(client, "")
    if not brought:
        return f"run `pyxie loaders fetch`, which puts iPXE's own release into {folder}"
    return f"put {named} into {folder}, out of {brought}"
