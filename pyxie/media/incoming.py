"""An image on its way into the folder: under another name until it is whole."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyxie.media.isofolder import PARTIAL, SUFFIX

_PIECE: Final = 1 << 20
"""Bytes that are written at once."""
_SYNCED: Final = 64 << 20
"""Bytes after which the disk has them: of gigabytes at the end nobody would wait for it."""


class Incoming:
    """A file that is being written; for threads.

    Args:
        folder: Made, if it is not there.
        name: What the image is to be called.

    Raises:
        FileExistsError: There is one of that name, or it is on its way.
        OSError: It cannot be written.
    """

    def __init__(self, folder: Path, name: str) -> None:
        if not folder.is_dir():
            if folder.exists():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}{SUFFIX}"
        if self._path.exists():
            raise FileExistsError(self._path)
        self._part = folder / f".{name}{SUFFIX}{PARTIAL}"
        # What is there already is of a process that was killed, unless somebody holds it locked.
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        self._file = os.fdopen(os.open(self._part, flags, 0o644), "wb", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(self._file.fileno()), self._part.lstat()):
                raise BlockingIOError  # who had it has removed it by now
            self._file.truncate(0)
        except (BlockingIOError, FileNotFoundError) as exc:
            self._file.close()
            raise FileExistsError(self._part) from exc
        self._unsynced = 0

    def write(self, data: bytes) -> None:
        """Add bytes to its end; raises OSError."""
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        self._unsynced += len(data)
        if self._unsynced >= _SYNCED:
            os.fdatasync(self._file.fileno())
            self._unsynced = 0

    def finish(self) -> Path:
        """Have it be there, whole; return its path.

        Raises:
            FileExistsError: There is one by now.
            OSError: It cannot be written.
        """
        os.fsync(self._file.fileno())
        os.link(self._part, self._path)
        return self._path

    def close(self) -> None:
        """End, whether or not it is whole."""
        with suppress(OSError):
            self._part.unlink()
        self._file.close()  # no sooner: whoever gets the lock finds a name that is not there


async def gathered(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield what comes in small pieces in larger ones."""
    held, size = [], 0
    async for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
