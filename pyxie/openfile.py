"""Files that are open for threads to read: closed when nobody reads from them any more.

A thread that waits for a file system cannot be stopped. If the file's number were closed
meanwhile, another file could get it, and the thread would go on with that one.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final

from pyxie.errors import NotServedError

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What the kernel says where it has no descriptor, or no memory, for one more."""


class Descriptor:
    """A file's number, to be entered by whoever uses it; the last of those closes it.

    Args:
        number: Of a file that is open, and belongs to this from now on.
    """

    __slots__ = ("_ends", "_lock", "_number", "_users")

    def __init__(self, number: int) -> None:
        self._number = number
        self._lock = threading.Lock()
        self._users = 0
        self._ends = False

    def __enter__(self) -> int:
        with self._lock:
            if self._ends:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._users += 1
            return self._number

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._users -= 1
            last = self._ends and not self._users
        if last:
            self._last()

    def close(self) -> None:
        """Close it, now or when the last who uses it has done; again does nothing."""
        with self._lock:
            last = not self._ends and not self._users
            self._ends = True
        if last:
            self._last()

    def _last(self) -> None:
        """Nobody uses it any more."""
        os.close(self._number)

    def shared(self) -> Descriptor:
        """Return one of the same number, which is closed when both are; raises OSError."""
        return _Shared(self, self.__enter__())

    __del__ = close  # of whoever waited for the thread that opened it, and left


class _Shared(Descriptor):
    """Keeps another's number open as long as it is open itself."""

    __slots__ = ("_of",)

    def __init__(self, of: Descriptor, number: int) -> None:
        super().__init__(number)
        self._of = of

    def _last(self) -> None:
        self._of.__exit__(None, None, None)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A regular file that is open to be read.

    Attributes:
        path: As it was opened.
        descriptor: Its number.
        about: As it was when it was opened.
        extents: What of it is meant, in order: pairs of where bytes begin and how many they are, or
            bytes that are not in it; all of it, where that is None.
    """

    path: Path
    descriptor: Descriptor
    about: os.stat_result
    extents: tuple[tuple[int, int] | bytes, ...] | None = None

    @property
    def size(self) -> int:
        """In bytes, as it was when it was opened."""
        if self.extents is None:
            return self.about.st_size
        return sum(map(_length, self.extents))

    def run(self, start: int, count: int) -> tuple[int, int] | bytes:
        """Return what bytes are; or where they are in what is open, and how many follow there.

        Args:
            start: The first of them, below `size`.
            count: How many are wanted; there may be fewer that follow each other.
        """
        if self.extents is None:
            return start, count
        for each in self.extents:
            if start >= (length := _length(each)):
                start -= length
            elif isinstance(each, bytes):
                return each[start : start + count]
            else:
                return each[0] + start, min(count, length - start)
        return self.about.st_size, 0

    def read(self, start: int, count: int) -> bytes:
        """Return bytes of it, fewer than ``count`` where no more follow each other; for threads.

        Raises:
            OSError: They cannot be read, or it was closed.
        """
        run = self.run(start, count)
        if isinstance(run, bytes):
            return run
        with self.descriptor as number:
            return os.pread(number, run[1], run[0])

    def give(self, out: int, start: int, count: int) -> int:
        """Have the kernel send bytes of it, as many as are taken; return how many. For threads.

        Args:
            out: The number of a socket.
            start: The first of them, below `size`.
            count: How many are wanted.

        Raises:
            BlockingIOError: None is taken now.
            OSError: They cannot be read or sent, or it was closed.
        """
        run = self.run(start, count)
        if isinstance(run, bytes):
            return os.write(out, run)
        with self.descriptor as number:
            return os.sendfile(out, number, *run)

    def again(self) -> OpenFile:
        """Return the same file with a number of its own, which is closed by itself.

        Raises:
            OSError: The host gives no more numbers, or it was closed.
        """
        with self.descriptor as number:
            return replace(self, descriptor=Descriptor(os.dup(number)))

    def shared(self) -> OpenFile:
        """Return the same file by the same number, which is closed when both are.

        Raises:
            OSError: It was closed.
        """
        return OpenFile(self.path, self.descriptor.shared(), self.about, self.extents)

    def close(self) -> None:
        """Close it, as soon as no thread reads from it."""
        self.descriptor.close()


def _length(extent: tuple[int, int] | bytes) -> int:
    return len(extent) if isinstance(extent, bytes) else extent[1]


def opened(path: Path) -> OpenFile:
    """Open a regular file; for threads, not for the event loop.

    Raises:
        NotServedError: It is no regular file.
        OSError: It cannot be opened.
    """
    # Not to wait for a writer, should this be a pipe.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    descriptor = Descriptor(number)
    about = os.fstat(number)
    if not stat.S_ISREG(about.st_mode):
        descriptor.close()
        raise NotServedError(path.name, "is not a regular file")
    return OpenFile(path, descriptor, about)
