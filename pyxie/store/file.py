"""What lies around SQLite's file: a lock, so that one daemon uses it, and reserved space.

The lock is on the file itself, so no other name of it and no removal of another file leads around
it. It is one of an open file description, on a byte that SQLite never locks: SQLite's own are this
process's, conflict with it nowhere, and go once the process closes *any* descriptor of the file
(fcntl(2), sqlite.org/howtocorrupt.html section 2.2). So nothing here opens the file while it is in
use. flock(2) would do on a local disk, but is a lock on the whole file over NFS (flock(2)).
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyxie.errors import StartError

_SPARE: Final = 1 << 20
"""Bytes: a few hundred transitions, with SQLite's log of them."""
_ROOM: Final = 128 << 10
"""Bytes that are free on a disk which is not full."""
_OURS: Final = 1 << 62
"""The byte that is locked; SQLite's are at 2**30, and no file is as long as this."""

_ELSEWHERE: Final = "set 'state' in config.yaml to a path that this user may write"


class HeldError(StartError):
    """Another process has the file."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the file.

    Attributes:
        text: A sentence with the file's name in it.
        lost: What is written to it now is lost at the next start.
        refuses: No build may begin.
    """

    text: str
    lost: bool = False
    refuses: bool = True


class StateFile:
    """The file that holds the builds; `claim` it before it is opened.

    Args:
        path: SQLite's file, with all links resolved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spare = path.with_name(f"{path.name}.reserve")
        self._wal = path.with_name(f"{path.name}-wal")
        self._lock: int | None = None
        self._log: os.stat_result | None = None

    def claim(self) -> None:
        """Take the lock; the kernel frees it when we die, however we die.

        Raises:
            HeldError: Another daemon has it.
            StartError: The folder cannot be written.
        """
        shown = self.path
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as exc:
            raise StartError(
                f"state: {self.path.parent} cannot be made ({exc.strerror}); {_ELSEWHERE}"
            ) from exc
        try:
            self._lock = self._locked()
            for ending in ("-wal", "-shm"):  # of a daemon that was killed, or root's sqlite3
                shown = self.path.with_name(f"{self.path.name}{ending}")
                if shown.exists():
                    os.close(os.open(shown, os.O_RDWR | os.O_CLOEXEC))
        except OSError as exc:
            self.leave()
            why = f"state: {shown} cannot be written: {exc.strerror}"
            foreign = _foreign(shown)
            raise StartError(f"{why}; {foreign}" if foreign else why) from exc

    def _locked(self) -> int:
        """Open the file and lock it, which may have been replaced in between."""
        while True:
            # Tokens are inside; SQLite gives -wal and -shm the mode of the main file.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            fd = os.open(self.path, flags, 0o600)
            try:
                fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _one_byte())
            except (BlockingIOError, PermissionError) as exc:
                os.close(fd)
                raise HeldError(
                    f"state: another pyxie is using {self.path}; stop it, or set another 'state' "
                    "in config.yaml"
                ) from exc
            if _same(self.path, os.fstat(fd)):
                return fd
            os.close(fd)

    def leave(self) -> None:
        """Give the lock back, once SQLite has closed the file."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def opened(self) -> None:
        """Note which log SQLite writes to, which stays the same while it has the file open."""
        with suppress(OSError):
            self._log = self._wal.stat()

    def fault(self) -> Fault | None:
        """Return what is wrong with the file while it is in use; None if nothing is."""
        if self._lock is None:
            return None
        path = self.path
        try:
            there, disk = path.stat(), os.statvfs(path)
        except FileNotFoundError:
            return Fault(f"{path} was removed: put it back, or {_AGAIN}", lost=True)
        except OSError as exc:
            return Fault(f"{path} cannot be reached: {exc.strerror}", lost=True)
        if not os.path.samestat(there, os.fstat(self._lock)):
            return Fault(f"{path} is another file than it was at the start: {_AGAIN}", lost=True)
        if self._log is not None and not _same(self._wal, self._log):
            return Fault(f"{self._wal} was removed: {_AGAIN}", lost=True)
        if there.st_nlink > 1:
            names = f"find {_mount(path)} -xdev -samefile {path}"
            return Fault(
                f"{path} has another name, by which other programs may write to it and damage it: "
                f"remove that (`{names}` shows it)"
            )
        if disk.f_flag & os.ST_RDONLY:
            return Fault(f"the file system of {path} is mounted read-only")
        free = disk.f_frsize * (disk.f_bavail if os.geteuid() else disk.f_bfree)
        if free < _ROOM:
            return Fault(f"the disk of {path} is full", refuses=False)
        return None

    def ready(self) -> Fault | None:
        """Return what keeps a build from beginning, else see to it that it can end.

        Raises:
            OSError: There is not that much space.
        """
        fault = self.fault()
        if fault is not None and fault.refuses:
            return fault
        self.reserve()
        return None

    def reserve(self) -> None:
        """Set space aside with which running builds can end on a full disk.

        Raises:
            OSError: There is not that much.
        """
        if self._spare.exists():
            return
        fd = os.open(self._spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(fd, 0, _SPARE)
        except OSError:
            self._spare.unlink()
            raise
        finally:
            os.close(fd)

    def spend(self) -> bool:
        """Give the reserved space back to the disk; False if there is none."""
        try:
            self._spare.unlink()
        except OSError:
            return False
        return True


_AGAIN: Final = (
    "nothing can be stored any more. Restart pyxie, after `pyxie restore` if there is a backup"
)


def _one_byte() -> bytes:
    """Return what asks for a lock to write (struct flock, of fcntl(2))."""
    return struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _OURS, 1, 0)


def _same(path: Path, file: os.stat_result) -> bool:
    """Return whether that is a name of a file."""
    try:
        return os.path.samestat(path.stat(), file)
    except FileNotFoundError:
        return False


def _mount(path: Path) -> Path:
    """Return where the file's file system begins: no other name of it is elsewhere."""
    found = path.parent
    while not found.is_mount():
        found = found.parent
    return found


def _foreign(path: Path) -> str:
    """Return what to do about a file that is another user's, as after a restore by root."""
    try:
        owner, folder = path.stat().st_uid, path.parent
    except OSError:
        return ""
    if owner == os.geteuid():
        return ""
    return (
        f"it is user {owner}'s, and pyxie runs as user {os.geteuid()}: "
        f"chown --reference={folder} {folder}/*"
    )
