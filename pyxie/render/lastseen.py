"""How files were when a thread saw them last, for as long as the kernel tells of no change since.

So the event loop knows, without asking a file system, that a template is as it was. What the kernel
does not tell of is looked at in a thread at each request: files on a network, and those that are
reached by a link or have a second name.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyxie.bounds import FILES_SEEN, FOLDERS_WATCHED
from pyxie.clock import steady
from pyxie.inotify import CHANGES, MOUNTS, MOVED_AWAY, Notices, rely_on
from pyxie.render.uses import State, state_of

_FOR: Final = 1.0
"""Seconds for which a look counts: nothing tells that a folder is mounted over."""
_UNSEEN: Final = object()


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
        self._round = object()
        """Of looks; what was seen in an earlier one may have changed."""
        self._since = clock()
        self._states: dict[str, State] = {}
        self._unsure: set[str] = set()
        self._folders: set[Path] = set()

    def still(self, files: Mapping[str, State]) -> bool:
        """Tell whether files are surely as they were; False where only a look can tell."""
        if self.mark() is None:
            return False
        states = self._states
        return all(states.get(place, _UNSEEN) == was for place, was in files.items())

    def mark(self) -> object | None:
        """Return what is another once a file that was seen may have changed.

        None where that cannot be told without a look.
        """
        notices = self._notices
        if notices is None:
            return None
        heard = notices.heard()
        if heard or self._clock() - self._since > _FOR:
            with self._lock:
                self._begin_anew(None if heard else notices)
            return None
        return self._round

    @property
    def is_due(self) -> bool:
        """Whether it is time for `look_again`, lest all have to be looked at for who asks."""
        return self._notices is not None and self._clock() - self._since > _FOR / 2

    def look(self, files: Mapping[str, State]) -> bool:
        """Tell whether files are as they were, by a look at each; in a thread."""
        at, unsure = self._round, self._unsure
        sure = False
        if unsure.isdisjoint(files) and (notices := self._heard_of()) is not None:
            # In this order: what changes once a folder is watched is told of; before, it is seen.
            sure = self._watch(notices, files, at, self._folders)
        found = {place: state_of(place) for place in files}
        with self._lock:
            if at is self._round:
                self._note(found, sure=sure)
        return found == files

    def look_again(self) -> None:
        """Look at all that was seen, for what nothing tells of; in a thread, ahead of who asks."""
        with self._lock:
            at, notices, states = self._round, self._notices, self._states.copy()
        began = self._clock()
        # Folders too: of one that is mounted over, what lies beneath is watched.
        as_it_was = notices is not None and self._watch(notices, states, at, frozenset())
        as_it_was = as_it_was and all(state_of(place) == was for place, was in states.items())
        with self._lock:
            if at is not self._round:
                return
            if as_it_was:
                self._since = began
            else:
                self._begin_anew(notices)

    def _begin_anew(self, notices: Notices | None) -> None:
        """Forget what was seen; and what is watched, where a folder may be another by now."""
        self._round = object()
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

    def _watch(
        self, notices: Notices, files: Collection[str], at: object, watched: Collection[Path]
    ) -> bool:
        """Have told what changes in the folders of files; False where that cannot be."""
        try:
            for folder in {_folder_of(place) for place in files}.difference(watched):
                if len(self._folders) >= FOLDERS_WATCHED.whole and folder not in self._folders:
                    FOLDERS_WATCHED.reached()
                    return False
                rely_on(folder, self._mounts)
                notices.watch(folder, CHANGES)
                for above in folder.parents:
                    with suppress(PermissionError):  # then it is found at the next look
                        notices.watch(above, MOVED_AWAY)
                with self._lock:
                    if at is self._round:
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
