"""Rings when something may have changed in a folder: inotify(7), where it can be relied upon.

The kernel's notices serve as a doorbell only: what changed is looked for afresh, so that a lost
or unknown notice does no harm. A notice is there before the call that changed the file returns,
so whoever changed one and then asks pyxie finds that it has rung.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import re
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

log = logging.getLogger(__name__)

# linux/inotify.h; Python has no module for it.
_MODIFY: Final = 0x2
_ATTRIB: Final = 0x4
_CLOSE_WRITE: Final = 0x8  # of a file that was written through mmap(2), which is no IN_MODIFY
_MOVED: Final = 0xC0
_CREATE: Final = 0x100
_DELETE: Final = 0x200
_SELF: Final = 0xC00
_ONLYDIR: Final = 0x01000000
_CHANGES: Final = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED | _CREATE | _DELETE | _SELF | _ONLYDIR

_OURS: Final = frozenset(
    ("bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "ramfs", "tmpfs", "xfs", "zfs")
)
"""File systems that nobody changes but through this kernel; over NFS it is not told of all."""

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
        mounts: Path = Path("/proc/self/mountinfo"),
        otherwise: str = "machine files are looked at at every call",
    ) -> None:
        self._mounts = mounts
        self._otherwise = otherwise
        self._inotify: int | None = None
        self._closing: weakref.finalize[..., Doorbell] | None = None
        """Closes it for whoever forgets to: a user has but 128 of them (inotify(7))."""
        self._watched: Mapping[Path, _Identity] = {}
        self._silent = ""
        """Why it cannot be relied upon; said once."""

    def rung(self, folders: Iterable[Path]) -> bool:
        """Tell whether something may have changed in ``folders``; True where that is not known.

        A look at them that begins afterwards finds it; one that is still going on may not.
        """
        # A folder may be another than a moment ago: moved, mounted over, a link that was turned.
        found = {folder: _identity(folder) for folder in folders}
        watching = self._inotify is not None and found == self._watched
        if watching and not _heard(self._inotify):
            return False
        if not watching:
            self.close()
        self._listen(found)
        return True

    def close(self) -> None:
        """Hear no more."""
        if self._closing is not None:
            self._closing()
            self._inotify = self._closing = None

    def _listen(self, found: Mapping[Path, _Identity]) -> None:
        """Watch the folders; again after each notice, for one may say that the watch is gone."""
        there = [folder for folder, identity in found.items() if identity is not None]
        try:
            for folder in there:
                kind = _file_system(folder, self._mounts)
                if kind not in _OURS:
                    raise OSError(errno.EOPNOTSUPP, f"{folder} is on {kind or 'what is unknown'}")
            libc = ctypes.CDLL(None, use_errno=True)
            if self._inotify is None:
                self._inotify = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
                self._closing = weakref.finalize(self, os.close, self._inotify)
            for folder in there:
                _checked(libc.inotify_add_watch(self._inotify, os.fsencode(folder), _CHANGES))
        except (OSError, AttributeError) as exc:  # AttributeError: not Linux
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


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _heard(inotify: int | None) -> bool:
    """Tell whether there were notices, and take them all."""
    heard = False
    while inotify is not None:
        try:
            os.read(inotify, 1 << 16)
        except BlockingIOError:
            break
        heard = True
    return heard


def _file_system(folder: Path, mounts: Path) -> str:
    """Return the type of the file system that a folder is on; empty if that is not known.

    Raises:
        OSError: What is mounted cannot be read.
    """
    path, longest, found = os.path.realpath(folder), "", ""
    for line in mounts.read_text(errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4])
        within = path == point or path.startswith(f"{point.rstrip('/')}/")
        if within and len(point) >= len(longest):  # the later one lies over the earlier
            longest, found = point, after.split()[0]
    return found
