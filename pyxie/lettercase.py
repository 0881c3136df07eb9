"""Which names in a folder differ from another in letter case alone, without listing it each time.

Firmware built on FAT mixes letter case, so a name that is not there is looked for once more; and
anybody may ask for names that are not there.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from pyxie.bounds import LETTER_CASE_NAMES

_SETTLED: Final = 2.0
"""Seconds after a change of a folder until a listing of it is kept: what is changed within
the same tick of the file system's clock has the same time (ext4 ticks by 4 ms, FAT by 2 s)."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """The names in a folder, as they were at a time.

    Attributes:
        at: When the folder was changed last, and which it was.
        names: By their letters in lower case; a tuple of several alike.
    """

    at: tuple[int, ...]
    names: dict[str, str | tuple[str, ...]]


class LetterCase:
    """Listings of folders, each until its folder changes; for threads, not for the event loop.

    Args:
        clock: Seconds since the epoch, as file systems count.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[str, _Listing] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many names are kept."""
        return sum(len(each.names) for each in tuple(self._kept.values()))

    def alike(self, folder: str, name: str) -> list[str]:
        """Return the names in ``folder`` that are ``name`` but for letter case, sorted.

        None is found in a folder of very many names: `LETTER_CASE_NAMES`.

        Raises:
            OSError: The folder cannot be listed.
        """
        about = Path(folder).stat()
        at = about.st_mtime_ns, about.st_dev, about.st_ino
        listing = self._kept.get(folder)
        if listing is None or listing.at != at:
            # One at a time: who waits for it meanwhile finds it made.
            with self._lock:
                listing = self._kept.get(folder)
                if listing is None or listing.at != at:
                    listing = _Listing(at, _names(folder))
                    self._keep(folder, listing, abs(self._clock() - about.st_mtime))
        found = listing.names.get(name.casefold(), ())
        return [found] if isinstance(found, str) else list(found)

    def _keep(self, folder: str, listing: _Listing, age: float) -> None:
        self._kept.pop(folder, None)
        if age < _SETTLED:
            return
        room = LETTER_CASE_NAMES.whole - len(listing.names)
        while self._kept and len(self) > room:
            LETTER_CASE_NAMES.reached()
            del self._kept[next(iter(self._kept))]
        self._kept[folder] = listing


def _names(folder: str) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    with os.scandir(folder) as entries:
        for entry in islice(entries, LETTER_CASE_NAMES.whole + 1):
            name, folded = entry.name, entry.name.casefold()
            before = found.get(folded)
            if before is None:
                found[name if name == folded else folded] = name
            else:
                several = (before,) if isinstance(before, str) else before
                found[folded] = tuple(sorted((*several, name)))
    if len(found) > LETTER_CASE_NAMES.whole:
        LETTER_CASE_NAMES.reached()
        return {}
    return found
