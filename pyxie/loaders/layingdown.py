"""Boot loaders into the operator's folder: all are there before the first gets its name.

Blocks; for threads, and for commands.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pyxie.errors import PyxieError

_NEW: Final = ".pyxie.new"
"""Where files are until they get their names; hidden, so that it is not taken for loaders."""


class LayingError(PyxieError):
    """Loaders cannot be laid down; the text is one sentence that says what to do."""


def lay_down(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Write ``files`` by their names below ``folder``; return those that were not so before.

    A file is replaced in one stroke, and a shim after what it starts: whoever is served meanwhile
    gets the one or the other, whole. A second call goes on where one was killed.

    Args:
        files: Plain names with slashes, none of which leads out.
        folder: Where to; it is made, if only that is missing.

    Raises:
        LayingError: It cannot be written to, or another does that.
    """
    try:
        _made(folder)
        with _alone(folder):
            new = folder / _NEW
            shutil.rmtree(new, ignore_errors=True)  # of one that was killed
            new.mkdir()
            try:
                return _written(files, folder, new)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    except OSError as exc:
        raise LayingError(_sentence(exc, folder)) from exc


def _written(files: Mapping[str, bytes], folder: Path, new: Path) -> list[str]:
    changed = [name for name, data in files.items() if _held(folder / name, len(data)) != data]
    changed.sort(key=lambda name: ("shim" in name, name))
    for at, name in enumerate(changed):
        with (new / str(at)).open("wb") as file:
            file.write(files[name])
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)  # the daemon is another user
    for at, name in enumerate(changed):
        place = folder / name
        for parent in reversed(place.relative_to(folder).parents[:-1]):
            _made(folder / parent)
        (new / str(at)).replace(place)
    return sorted(changed)


def _made(folder: Path) -> None:
    """Make a folder, if there is none, that the daemon may look into, whatever our umask is."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(0o755)


def _held(path: Path, size: int) -> bytes | None:
    """Return what a file holds, if it may be the same as one of that size."""
    with suppress(OSError):
        if path.is_file() and path.stat().st_size == size:
            return path.read_bytes()
    return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            why = f"another command is writing to {folder}: wait until it is done"
            raise LayingError(why) from exc
        yield
    finally:
        os.close(lock)


def _sentence(exc: OSError, folder: Path) -> str:
    match exc.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"{folder}: no room is left on its disk; nothing was replaced: make some"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{folder} may not be written to by this user: run the command as root"
        case errno.ENOENT:
            return f"{folder.parent} is not there: make it, or set `ipxe` in config.yaml"
        case _:
            return f"{exc.filename or folder}: {exc.strerror}"
