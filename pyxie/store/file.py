"""What lies around SQLite's file: a lock, so that one daemon uses it, and reserved space."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from pyxie.errors import StartError

_SPARE: Final = 1 << 20
"""Bytes: a few hundred transitions, with SQLite's log of them."""


_ELSEWHERE: Final = "set 'state' in config.yaml to a path that this user may write"


class StateFile:
    """The file that holds the builds; `claim` it before it is opened.

    Args:
        path: SQLite's file, with all links resolved: two names of one file are one lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spare = path.with_name(f"{path.name}.reserve")
        self._lock: int | None = None

    def claim(self) -> None:
        """Take the lock; the kernel frees it when we die, however we die.

        Raises:
            StartError: Another daemon has it, or the folder cannot be written.
        """
        lock = self.path.with_name(f"{self.path.name}.lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as exc:
            raise StartError(
                f"state: {lock} cannot be written ({exc.strerror}); {_foreign(lock) or _ELSEWHERE}"
            ) from exc
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(fd)
            raise StartError(
                f"state: another pyxie is using {self.path}; stop it, or set another 'state' "
                "in config.yaml"
            ) from exc
        shown = self.path
        try:
            # Tokens are inside; SQLite gives -wal and -shm the mode of the main file.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            for ending in ("-wal", "-shm"):  # of a daemon that was killed, or root's sqlite3
                shown = self.path.with_name(f"{self.path.name}{ending}")
                if shown.exists():
                    os.close(os.open(shown, os.O_RDWR | os.O_CLOEXEC))
        except OSError as exc:
            os.close(fd)
            why = f"state: {shown} cannot be written: {exc.strerror}"
            foreign = _foreign(shown)
            raise StartError(f"{why}; {foreign}" if foreign else why) from exc
        self._lock = fd

    def leave(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

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
