"""Does an answer file of Alpine's setup-alpine wipe a disk? A shell reads it. Pure."""

from __future__ import annotations

from pyxie.wiping.shellparts import assigned, commands
from pyxie.wiping.verdict import Spares, Verdict, Wipes
from pyxie.wiping.wipers import is_disk


def read_alpine(text: str) -> Verdict | None:
    """Return what an answer file does to disks; None if the text is none.

    ``DISKOPTS`` are the words of ``setup-disk``, whose last one is the disk.
    """
    if "DISKOPTS" not in text.replace("\\\n", ""):
        return None
    values = dict(
        pair for words in commands(text) for word in words if (pair := assigned(word)) is not None
    )
    if "DISKOPTS" not in values:
        return None
    words = values["DISKOPTS"].split()
    if not words or words[-1] == "none":
        return Spares()
    disks = [words[-1], *values.get("ERASE_DISKS", "").split()]
    return Wipes(tuple(dict.fromkeys(disk for disk in disks if is_disk(disk) and "$" not in disk)))
