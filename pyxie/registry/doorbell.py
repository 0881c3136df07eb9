"""Rings when something may have changed in a folder: inotify(7), where it can be relied upon.

The kernel's notices serve as a doorbell only: what changed is looked for afresh, so that a lost
or unknown notice does no harm. A notice is there before the call that changed the file returns,
so whoever changed one and then asks pyxie finds that it has rung.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from pyxie.inotify import MOUNTS, Notices, rely_on

log = logging.getLogger(__name__)

_Identity: TypeAlias = tuple[int, int] | None


class Doorbell:
    """Tells whether something may have changed since it was last asked.

    Of files in the folders themselves, not below; of one that has a name elsewhere as well, by
    a link, only what is done by its name here.

    Args:
        mounts: What is mounted where; proc_pid_mountinfo(5).
        otherwise: What is said where it cannot be relied upon.
    """

    def __init__(
        self,
        mounts: Path = MOUNTS,
        otherwise: str = "machine files are looked at at every call",
    ) -> None:
        self._mounts = mounts
        self._otherwise = otherwise
        self._notices: Notices | None = None
        self._watched: Mapping[Path, _Identity] = {}
        self._silent = ""
        """Why it cannot be relied upon; said once."""

    def rung(self, folders: Iterable[Path]) -> bool:
        """Tell whether something may have changed in ``folders``; True where that is not known.

        A look at them that begins afterwards finds it; one that is still going on may not.
        """
        # A folder may be another than a moment ago: moved, mounted over, a link that was turned.
        found = {folder: _identity(folder) for folder in folders}
        if self._notices is not None and found == self._watched:
            if not self._notices.heard():
                return False
        else:
            self.close()
        self._listen(found)
        return True

    def close(self) -> None:
        """Hear no more."""
        if self._notices is not None:
            self._notices.close()
            self._notices = None

    def _listen(self, found: Mapping[Path, _Identity]) -> None:
        """Watch the folders; again after each notice, for one may say that the watch is gone."""
        there = [folder for folder, identity in found.items() if identity is not None]
        try:
            for folder in there:
                rely_on(folder, self._mounts)
            if self._notices is None:
                self._notices = Notices()
            for folder in there:
                self._notices.watch(folder)
        except OSError as exc:
            self.close()
            why = str(getattr(exc, "strerror", None) or exc)
            if why != self._silent:
                log.info("%s: no inotify (%s)", self._otherwise, why)
            self._silent = why
            return
        self._watched, self._silent = found, ""


def _identity(folder: Path) -> _Identity:
    try:
        found = folder.stat()
    except OSError:  # not there, or not for us to see: when that changes, so does this
        return None
    return found.st_dev, found.st_ino
