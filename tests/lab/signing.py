"""Programs for UEFI signed with the key that OVMF's package has, whose secret is no secret."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from tests.lab import needs

_PACKAGE: Final = "ovmf"
_KEY: Final = Path("/usr/share/ovmf/PkKek-1-snakeoil.key")
_CERTIFICATE: Final = _KEY.with_suffix(".pem")
_SBAT: Final = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim\nipxe,1,iPXE,ipxe,1,x\n"
"""Without which a shim starts nothing; Debian's iPXE is older than that."""
_BEHIND_ALL: Final = "0x100000"


def signed(program: Path, to: Path, *, sbat: bool = False) -> Path:
    """Sign a program, also one that is signed already.

    Args:
        program: What is signed.
        to: Where the signed one is written, in a folder that there is.
        sbat: Give it a section with its generation.
    """
    key = to.with_name(f"{to.name}.key")
    _run(
        needs.program("openssl", "openssl"), "rsa", "-passin", "pass:snakeoil",
        "-in", needs.file(_KEY, _PACKAGE), "-out", key,
    )  # fmt: skip
    if sbat:
        section = to.with_name(f"{to.name}.sbat")
        section.write_text(_SBAT)
        program = _with_section(program, section, to.with_name(f"{to.name}.unsigned"))
    _run(
        needs.program("sbsign", "sbsigntool"), "--key", key,
        "--cert", needs.file(_CERTIFICATE, _PACKAGE), "--output", to, program,
    )  # fmt: skip
    return to


def _with_section(program: Path, section: Path, to: Path) -> Path:
    _run(
        needs.program("objcopy", "binutils"), "--add-section", f".sbat={section}",
        "--set-section-flags", ".sbat=contents,alloc,load,readonly,data",
        "--change-section-vma", f".sbat={_BEHIND_ALL}", program, to,
    )  # fmt: skip
    return to


def _run(*words: str | Path) -> None:
    subprocess.run([*map(str, words)], check=True, capture_output=True)
