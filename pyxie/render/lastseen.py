"""How files were when a thread saw them last, for as long as the kernel tells of no change since.

So the event loop knows, without asking a file system, that a template is as it was. What the kernel
does not tell of is looked at in a thread at each request: files on a network, and those that are
reached by a link or have a second name.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyxie.bounds import FILES_SEEN, FOLDERS_WATCHED
from pyxie.clock import steady
from pyxie.inotify import CHANGES, MOUNTS, MOVED_AWAY, Notices, rely_on
from pyxie.render.uses import State, state_of

_FOR: Final = 1.0
"""Seconds after which all are looked at again: nothing tells that a folder is mounted over."""


class LastSeen:
    """The states of files; `look` is for threads, and `still` for the event loop.

    Args:
        clock: Seconds, steady.
        mounts: As of `pyxie.inotify.rely_on`.
    """

    def __init__(self, clock: Callable[[], float] = steady, mounts: Path = MOUNTS) -> None:
        self._clock = clock
        self._mounts = mounts
        self._lock = threading.Lock()
        """Nobody who has it asks a file system."""
        self._notices: Notices | None = None
        self._round = 0
        """Of looks; what was seen in an earlier one may have changed."""
        self._since = clock()
        self._states: dict[str, State] = {}
        self._unsure: set[str] = set()
        self._folders: set[Path] = set()

    def still(self, files: Mapping[str, State]) -> bool:
        """Tell whether files are surely as they were; False where only a look can tell."""
        notices = self._notices
        if notices is None:
            return False
        heard = notices.heard()
        if heard or self._clock() - self._since > _FOR:
            self._begin_anew(None if heard else notices)
            return False
        states = self._states
        return all(place in states and states[place] == was for place, was in files.items())

    def look(self, files: Mapping[str, State]) -> bool:
        """Tell whether files are as they were, by a look at each; in a thread."""
        at, unsure = self._round, self._unsure
        sure = False
        if unsure.isdisjoint(files) and (notices := self._heard_of()) is not None:
            # In this order: what changes once a folder is watched is told of; before, it is seen.
            sure = self._watch(notices, files, at)
        found = {place: state_of(place) for place in files}
        with self._lock:
            if at == self._round:
                self._note(found, sure=sure)
        return found == files

    def _begin_anew(self, notices: Notices | None) -> None:
        """Forget what was seen; and what is watched, where a folder may be another by now."""
        with self._lock:
            self._round += 1
            self._since = self._clock()
            self._notices = notices
            self._states, self._unsure, self._folders = {}, set(), set()

    def _note(self, found: Mapping[str, State], *, sure: bool) -> None:
        if len(self._states) + len(self._unsure) + len(found) > FILES_SEEN.whole:
            FILES_SEEN.reached()
            self._states, self._unsure = {}, set()
        if sure:
            self._states.update(found)
        else:
            self._unsure.update(found)

    def _heard_of(self) -> Notices | None:
        with self._lock:
            if self._notices is None:
                with suppress(OSError):
                    self._notices = Notices()
            return self._notices

    def _watch(self, notices: Notices, files: Mapping[str, State], at: int) -> bool:
        """Have told what changes in the folders of files; False where that cannot be."""
        try:
            for folder in {_folder_of(place) for place in files} - self._folders:
                if len(self._folders) >= FOLDERS_WATCHED.whole:
                    FOLDERS_WATCHED.reached()
                    return False
                rely_on(folder, self._mounts)
                notices.watch(folder, CHANGES)
                for above in folder.parents:
                    with suppress(PermissionError):  # then it is found at the next look
                        notices.watch(above, MOVED_AWAY)
                with self._lock:
                    if at == self._round:
                        self._folders.add(folder)
        except OSError:
            return False
        return True


def _folder_of(place: str) -> Path:
    """Return in which folder a file is, or would appear; raises OSError where that is not all."""
    path = os.path.abspath(place)  # noqa: PTH100 - which follows no link
    if os.path.realpath(path) != path:
        raise OSError(0, f"{place} is reached by a link")
    file = Path(path)
    with suppress(FileNotFoundError, NotADirectoryError):
        if file.lstat().st_nlink != 1:
            raise OSError(0, f"{place} has a second name")
    return next(each for each in file.parents if each.is_dir())
