"""Is there room, and may it be written to? Pure: told of the folders that pyxie uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from pyxie.doctor.found import Finding, Severity, shown

_STATE_NEEDS: Final = 64 << 20
_STORE_LEAVES: Final = 256 << 20
"""As the image store leaves to others: pyxie.bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One of them.

    Attributes:
        what: For what it is: "the state", "kept images", "machine files".
        path: Where it is.
        there: It exists.
        read_only: Its file system is.
        free: Bytes that are left to us.
        inodes: Files that may be made; None where the file system knows no number.
        why: Why it could not be looked at; empty if it could.
    """

    what: str
    path: PurePath
    there: bool = True
    read_only: bool = False
    free: int = 1 << 40
    inodes: int | None = None
    why: str = ""


STATE: Final = "the state"
STORE: Final = "kept images"
MACHINES: Final = "machine files"


def judge(folders: Iterable[Folder]) -> Iterator[Finding]:
    """Yield what is wrong with them."""
    for each in folders:
        yield from _of(each)


def _of(folder: Folder) -> Iterator[Finding]:
    name = f"the folder of {folder.what}, {shown(str(folder.path))},"
    vital = folder.what == STATE
    bad = Severity.STOPS if vital else Severity.LOOK
    df = f"df -h {folder.path}; df -i {folder.path}"
    if folder.why:
        yield Finding("disk-unread", Severity.LOOK, f"{name} {shown(folder.why)}")
    elif not folder.there:
        # The state's and the store's are made when the daemon starts.
        if folder.what == MACHINES:
            what = f"{name} is not there: pyxie knows no machine"
            yield Finding("folder-missing", bad, what, (f"mkdir -p {folder.path}",))
    elif folder.read_only:
        if folder.what != MACHINES:
            what = f"{name} is on a file system that is read-only"
            yield Finding("disk-read-only", bad, what, (f"findmnt -T {folder.path}",))
    elif folder.inodes == 0:
        what = f"{name} is on a file system that can hold no more files"
        yield Finding("disk-full", bad, what, (df,))
    elif vital and folder.free < _STATE_NEEDS:
        what = f"{name} has {_amount(folder.free)} left: builds cannot begin when it is full"
        yield Finding("disk-full", bad, what, (df,))
    elif folder.what == STORE and folder.free < _STORE_LEAVES:
        what = f"{name} has {_amount(folder.free)} left: nothing more is kept, and each machine's"
        what += " kernel is fetched anew"
        remedy = (df, "pyxie images prune     # or lower image_store.size in config.yaml")
        yield Finding("disk-full", bad, what, remedy)


def _amount(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
