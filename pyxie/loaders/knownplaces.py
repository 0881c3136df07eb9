"""Where loaders were found, by name, for as long as the kernel tells of no change in their folders.

So the event loop knows what a name means without asking a file system. What it rests on is plain:
the operator's folder has exactly that file, or nothing like it, and then it is a package's. Names
that lead by a link, or differ in letter case, are looked for in a thread at each request.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from pyxie.bounded import note
from pyxie.bounds import LOADERS_KNOWN
from pyxie.clock import steady
from pyxie.errors import NotServedError
from pyxie.inotify import MOUNTS
from pyxie.render.lastseen import LastSeen
from pyxie.render.uses import State, state_of

MAC: Final = re.compile(r"[0-9a-fA-F]{2}(?:[-:][0-9a-fA-F]{2}){5}")
"""As our answers spell it, and as pixiecore's do."""
_AGAIN: Final = 0.25
"""Seconds until a name is learnt once more: many ask at once, and a folder may change all the time,
or be one that nothing is told of."""
_MOST_LISTED: Final = 5000
"""Entries of the operator's folder; with more of them, each request is looked for."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a name is looked for in.

    Attributes:
        root: The operator's folder.
        packages: Where a package may have it, in the order in which that is looked at.
    """

    root: Path
    packages: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name was found.

    Attributes:
        path: The file.
        state: Of it.
        given: In what it was looked for.
        after_mac: It means the same with a MAC before it.
        files: The states of all files that decide it.
        folder: Which folder the operator's was, and when it had changed last.
    """

    path: Path
    state: State
    given: Given
    after_mac: bool
    files: Mapping[str, State]
    folder: tuple[int, ...]


def deciding(name: str, path: Path, given: Given) -> tuple[str, ...]:
    """Return the files that decide where a name leads; none where others may as well. Pure.

    Args:
        name: As it is served, normalised.
        path: Where it led.
        given: In what it was looked for.
    """
    own, found = f"{given.root}/{name}", str(path)
    if found == own:
        return (own,)
    for at, each in enumerate(given.packages, 1):
        if each == path:
            return (own, *map(str, given.packages[:at]))
    return ()


def is_after_mac(name: str, names: Sequence[str], *, own: bool) -> bool:
    """Tell whether a name means the same with a MAC before it. Pure.

    Args:
        name: Normalised.
        names: Of all that is in the operator's folder.
        own: It is the operator's, so that where it is in a folder only that one is watched.
    """
    return not (own and "/" in name) and not any(MAC.fullmatch(each.casefold()) for each in names)


def is_like(name: str, names: Sequence[str]) -> bool:
    """Tell whether a folder with these names may have a file of that name, in any letter case."""
    first = name.partition("/")[0].casefold()
    return any(each.casefold() == first for each in names)


class KnownPlaces:
    """Learns in threads, and tells on the event loop.

    Args:
        clock: Seconds, steady.
        mounts: As of `pyxie.inotify.rely_on`.
    """

    def __init__(self, clock: Callable[[], float] = steady, mounts: Path = MOUNTS) -> None:
        self._clock = clock
        self._seen = LastSeen(clock, mounts)
        self._known: dict[str, Place] = {}
        self._not_before: dict[str, float] = {}
        self._learning: set[str] = set()
        self._renewed = clock()
        self._lock = threading.Lock()
        """Nobody who has it asks a file system."""

    def __len__(self) -> int:
        """How many names are known."""
        return len(self._known)

    def ready(self, name: str, given: Given, *, after_mac: bool) -> Place | None:
        """Return where a name leads, where that is known without a look; for the event loop.

        Args:
            name: Normalised.
            given: In what it would be looked for.
            after_mac: There is a MAC before it.
        """
        known = self._known.get(name)
        if known is None or (after_mac and not known.after_mac) or known.given != given:
            return None
        if self._seen.is_due and (now := self._clock()) - self._renewed > _AGAIN:
            # One of many has all looked at again, lest that is due for all of them at once.
            self._renewed = now
            return None
        return known if self._seen.still(known.files) else None

    def learn(self, name: str, given: Given, path: Path, find: Callable[[str], Path]) -> None:
        """Have `ready` know where a name leads, if that can be; in a thread, after a look.

        Args:
            name: Normalised.
            given: In what it was looked for.
            path: Where it led.
            find: Looks once more; raises NotServedError.
        """
        if self._seen.is_due:
            self._renew()
            return
        files = deciding(name, path, given)
        if not files:
            return
        with self._lock:
            now = self._clock()
            if name in self._learning or now < self._not_before.get(name, now):
                return
            self._learning.add(name)
            note(self._not_before, name, now + _AGAIN, LOADERS_KNOWN.whole)
            # Before the files are seen anew: what it rests on beside them may be another.
            self._known.pop(name, None)
        try:
            place = self._looked(name, path, given, files, find)
        finally:
            with self._lock:
                self._learning.discard(name)
        if place is not None:
            with self._lock:
                if note(self._known, name, place, LOADERS_KNOWN.whole):
                    LOADERS_KNOWN.reached()

    def _renew(self) -> None:
        """Look at all again; of a folder that is mounted over, no file need be another."""
        for name, place in tuple(self._known.items()):
            if _folder(place.given.root) != place.folder:
                with self._lock:
                    self._known.pop(name, None)
        self._seen.look_again()

    def _looked(
        self,
        name: str,
        path: Path,
        given: Given,
        files: tuple[str, ...],
        find: Callable[[str], Path],
    ) -> Place | None:
        states = {each: state_of(each) for each in files}
        last, own = states[files[-1]], len(files) == 1
        if last is None or any(states[each] is not None for each in files[:-1]):
            return None
        # In this order: what changes from now on is told of, what changed before is seen below.
        if not self._seen.look(states):
            return None
        folder = _folder(given.root)
        try:
            with os.scandir(given.root) as entries:
                names = [each.name for each in islice(entries, _MOST_LISTED + 1)]
            if len(names) > _MOST_LISTED or (not own and is_like(name, names)):
                return None
            if find(name) != path:
                return None
        except (OSError, NotServedError):
            return None
        return Place(path, last, given, is_after_mac(name, names, own=own), states, folder)


def _folder(root: Path) -> tuple[int, ...]:
    try:
        found = root.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns
