"""The kernel's notices of changes in folders: inotify(7), by libc, for Python has no module for it.

A notice is there before the call that changed the file returns. Which one it is nobody here reads:
that there are some says to look.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import select
import weakref
from pathlib import Path
from typing import Final

# linux/inotify.h
_MODIFY: Final = 0x2
_ATTRIB: Final = 0x4
_CLOSE_WRITE: Final = 0x8  # of a file that was written through mmap(2), which is no IN_MODIFY
_MOVED: Final = 0xC0
_CREATE: Final = 0x100
_DELETE: Final = 0x200
_SELF: Final = 0xC00
_ONLYDIR: Final = 0x01000000
_MASK_ADD: Final = 0x20000000  # to what the folder is watched for already

CHANGES: Final = (
    _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED | _CREATE | _DELETE | _SELF | _ONLYDIR | _MASK_ADD
)
"""Of a folder, and of all that is in it, but not below."""
MOVED_AWAY: Final = _SELF | _ONLYDIR | _MASK_ADD
"""Of a folder alone: it was moved, or removed."""
MOUNTS: Final = Path("/proc/self/mountinfo")
"""What is mounted where; proc_pid_mountinfo(5)."""

_OURS: Final = frozenset(
    ("bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "ramfs", "tmpfs", "xfs", "zfs")
)
"""File systems that nobody changes but through this kernel; over NFS it is not told of all."""


class Notices:
    """Those of some folders, from when they are watched.

    Attributes:
        number: Of the open file that they are read from.

    Raises:
        OSError: There is no inotify, or no more of it: a user has but 128 (inotify(7)).
    """

    def __init__(self) -> None:
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self.number = checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        except AttributeError as exc:  # not Linux
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from exc
        self._closing = weakref.finalize(self, os.close, self.number)
        """Closes it for whoever forgets to."""

    def watch(self, folder: Path, what: int = CHANGES) -> None:
        """Have notices of a folder; in a thread.

        Raises:
            OSError: That cannot be.
        """
        checked(self._libc.inotify_add_watch(self.number, os.fsencode(folder), what))

    def heard(self) -> bool:
        """Tell whether there were any, and take them all; on the event loop, too: it waits not."""
        heard = False
        while True:
            try:
                os.read(self.number, 1 << 16)
            except BlockingIOError:
                return heard
            heard = True

    def close(self) -> None:
        """Hear no more."""
        self._closing()


class Mounts:
    """Whether anything was mounted or unmounted; for the event loop, too, as it never waits.

    Args:
        file: What is mounted where; poll(2) tells when that has changed (proc_pid_mountinfo(5)).

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, file: Path = MOUNTS) -> None:
        number = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        self._closing = weakref.finalize(self, os.close, number)
        self._poll = select.poll()
        self._poll.register(number, select.POLLPRI)

    def changed(self) -> bool:
        """Tell whether it has since this was asked last."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """Ask no more."""
        self._closing()


def checked(result: int) -> int:
    """Return what a function of libc has returned; raises OSError where that is its error."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def rely_on(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise OSError if the kernel is not told of all changes in a folder; in a thread."""
    kind = _file_system(folder, mounts)
    if kind not in _OURS:
        raise OSError(errno.EOPNOTSUPP, f"{folder} is on {kind or 'what is unknown'}")


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
