"""The folder of a daemon that is to leave nothing: where it is, how much it may hold, its end."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyxie.errors import StartError

_PREFIX: Final = "pyxie-boot-"
_USUAL: Final = ("/var/tmp", "/tmp")  # noqa: S108  (for the folder that is made in it)
"""The first is on a disk, where the second is memory."""
_YOUNG: Final = 60.0
"""Seconds within which a folder may be another's who has not locked it yet."""


@contextmanager
def own_folder(user: str | None) -> Iterator[Path]:
    """Give a new folder, which is gone in the end; so are those of who was killed.

    Args:
        user: Whose it will become, and who is to be able to remove it.

    Raises:
        StartError: There is no place for one.
    """
    place = _place(user)
    _sweep(place, user)
    try:
        made = TemporaryDirectory(prefix=_PREFIX, dir=place)
    except OSError as exc:
        raise StartError(f"{place}: {exc.strerror}; TMPDIR names another place") from exc
    with made as name:
        lock = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # systemd-tmpfiles keeps away from it too
            yield Path(name)
        finally:
            os.close(lock)


def may_hold(folder: Path, wanted: int) -> int:
    """Return how many bytes of copies may be in it: half of what is free, ``wanted`` at most."""
    disk = os.statvfs(folder)
    return min(wanted, disk.f_frsize * disk.f_bavail // 2)


def shut_to_others(path: Path) -> Path | None:
    """Return what of a path keeps other users from reading what is there; None if nothing does."""
    path = path.resolve()
    for each in (path, *path.parents):
        needed = stat.S_IXOTH | (stat.S_IROTH if each == path else 0)
        if each.stat().st_mode & needed != needed:
            return each
    return None


def _place(user: str | None) -> Path:
    told = os.environ.get("TMPDIR", "")
    for each in (told, *_USUAL):
        if each and _fits(Path(each), user):
            return Path(each).absolute()
    where = ", ".join(filter(None, (told, *_USUAL)))
    whose = f"user {user!r}" if user else "this user"
    raise StartError(f"{whose} may write to none of {where}; TMPDIR names another place")


def _fits(place: Path, user: str | None) -> bool:
    if not os.access(place, os.W_OK | os.X_OK):
        return False
    # Root's own folder, as pam_tmpdir(8) makes one, is not where another could tidy up.
    return user is None or (
        shut_to_others(place) is None and bool(place.stat().st_mode & stat.S_IWOTH)
    )


def _sweep(place: Path, user: str | None) -> None:
    """Remove folders of ours that nobody has locked: they were killed."""
    ours = {os.geteuid()}
    with suppress(KeyError, ValueError):
        ours.add(pwd.getpwnam(user or "").pw_uid)
    for each in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            folder = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                about = os.fstat(folder)
                if about.st_uid in ours and time.time() - about.st_mtime > _YOUNG:
                    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(each)
            finally:
                os.close(folder)
