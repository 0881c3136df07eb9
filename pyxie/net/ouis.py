"""Who made a network card, by its MAC: read in systemd's list of IEEE's blocks, if it is there.

Debian's package udev brings it, as those of other distributions do; so nearly every host has it,
and none has to install anything. Where it is not, as in a container, no maker is told.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LIST: Final = Path("/usr/lib/udev/hwdb.d/20-OUI.hwdb")
"""Sorted by block: ``OUI:00155D*``, below it `` ID_OUI_FROM_DATABASE=Microsoft Corporation``."""

_KEY: Final = b"\nOUI:"
_NAME: Final = b" ID_OUI_FROM_DATABASE="
_LENGTHS: Final = (9, 7, 6)
"""Digits of a block: IEEE's MA-S, MA-M and MA-L; the narrowest tells most."""
_LONGEST: Final = 100
"""Letters of a maker's name."""


def makers(macs: Iterable[str], file: Path = LIST) -> dict[str, str]:
    """Return who made them, of those that are in the list; blocks, so in a thread.

    Args:
        macs: ``52:54:00:12:34:56``.
        file: The list.
    """
    try:
        with (
            file.open("rb") as opened,
            mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            return {mac: name for mac in macs if (name := _maker(data, mac))}
    except (OSError, ValueError):  # it is not there, cannot be read, or is empty
        return {}


def _maker(data: mmap.mmap, mac: str) -> str:
    digits = mac.replace(":", "").upper().encode()
    for length in _LENGTHS:
        found = _named(data, digits[:length])
        if found:
            return found
    return ""


def _named(data: mmap.mmap, block: bytes) -> str:
    """Return whose a block is, by bisection: of 50,000 a score are looked at."""
    wanted = block + b"*"
    low, high = 0, len(data)
    while low < high:
        middle = (low + high) // 2
        at = data.find(_KEY, middle, high)
        if at < 0:
            high = middle
            continue
        line = _line(data, at + 1)
        key = line[len(_KEY) - 1 :].rstrip()
        if key == wanted:
            name = _line(data, at + 1 + len(line) + 1)
            text = name.removeprefix(_NAME).decode("utf-8", "replace").strip()
            return text[:_LONGEST] if name.startswith(_NAME) and text.isprintable() else ""
        if key < wanted:
            low = at + 1
        else:
            high = middle
    return ""


def _line(data: mmap.mmap, at: int) -> bytes:
    end = data.find(b"\n", at)
    return data[at : end if end >= 0 else len(data)]
