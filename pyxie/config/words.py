"""The words for client architectures in the operator's files."""

from __future__ import annotations

import re
from typing import Final

from pyxie.architectures import ARCHITECTURES, BY_IPXE, Family
from pyxie.config.validate import nearest

_HEX: Final = re.compile(r"0x(?:[0-9a-f]{2})+")


def architectures(name: str) -> frozenset[int]:
    """Return the codes of option 93 that a word stands for: ``BIOS``, ``UEFI``, ``x64 UEFI``.

    ``x86_64-efi`` and its like, as iPXE names its builds, are other words for the same.

    Raises:
        ValueError: It stands for none.
    """
    text = name.strip().lower()
    if _HEX.fullmatch(text) and int(text, 16) in ARCHITECTURES:
        return frozenset((int(text, 16),))
    if text in BY_IPXE:
        text = _plain(BY_IPXE[text])
    if text == Family.UEFI.lower():
        return frozenset(code for code, row in ARCHITECTURES.items() if row.family is Family.UEFI)
    names = {_plain(code) for code in ARCHITECTURES}
    if text not in names:
        near = nearest(text, sorted({*names, *BY_IPXE}))
        hint = f"; did you mean {near!r}?" if near else "; BIOS, UEFI and 'x64 UEFI' are"
        raise ValueError(f"{name[:80]!r} is no client architecture that pyxie knows{hint}")
    return frozenset(code for code in ARCHITECTURES if _plain(code) == text)


def _plain(code: int) -> str:
    """Return an architecture's word: the same for TFTP and for HTTP."""
    return ARCHITECTURES[code].machine.lower()
