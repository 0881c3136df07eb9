"""The bytes of what is sent: read from the file a window at a time, shared by all clients.

Not mapped into memory: a mapped file that someone truncates gives SIGBUS at the next
access, which would end the daemon for everybody. A read that finds less than it should is
merely short, and ends one transfer. It costs about a microsecond a window.

A file is best replaced by renaming a new one over it: who has begun with the old one gets
it whole. Of a file written over in place a client gets what is there when it asks.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from pyxie.errors import NotServedError, PyxieError

NETASCII_MOST = 4 * 1024 * 1024
"""The largest file converted to netascii, in bytes. The converted text, unlike the file
itself, is held in memory, once for all clients."""


class UnreadableError(PyxieError):
    """A file that was opened cannot be read on; the text says why, for the client too."""


class Content:
    """Bytes that can be read anywhere, until all that share them have closed them.

    Attributes:
        size: In bytes, as it was when opened.
    """

    __slots__ = ("_at_end", "_data", "_fd", "_users", "size")

    def __init__(
        self,
        size: int,
        *,
        data: bytes = b"",
        fd: int | None = None,
        at_end: Callable[[], object] = lambda: None,
    ) -> None:
        self.size = size
        self._data = memoryview(data)
        self._fd = fd
        self._at_end = at_end
        self._users = 1

    def read(self, offset: int, length: int) -> bytes | memoryview:
        """Return exactly ``length`` bytes from within `size`.

        Raises:
            UnreadableError: The file has become shorter, or the disk cannot give them.
        """
        if self._fd is None:
            return self._data[offset : offset + length]
        try:
            read = os.pread(self._fd, length, offset)
        except OSError as exc:
            raise UnreadableError(exc.strerror or str(exc)) from exc
        if len(read) < length:
            raise UnreadableError("the file became shorter while it was sent")
        return read

    def share(self) -> Content:
        """Return the same content for one more user, who closes it too."""
        self._users += 1
        return self

    def close(self) -> None:
        """Have one user less; the last one closes the file."""
        self._users -= 1
        if self._users == 0:
            if self._fd is not None:
                os.close(self._fd)
            self._at_end()


class Library:
    """The files that are open, each once however many clients read it."""

    def __init__(self) -> None:
        self._lent: dict[tuple[int, int, int, int, bool], Content] = {}

    def __len__(self) -> int:
        """How many contents are open."""
        return len(self._lent)

    def open(self, path: Path, *, netascii: bool = False) -> Content:
        """Open a regular file, or share it with those who have it open unchanged.

        Args:
            path: Names the file.
            netascii: Convert it; its size is then that of the converted text.

        Raises:
            NotServedError: It is no regular file, or too large to convert.
            OSError: It cannot be opened or read.
        """
        # Not to wait for a writer, should this be a pipe.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        keep = False
        try:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode):
                raise NotServedError(path.name, "is not a regular file")
            key = (about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size, netascii)
            lent = self._lent.get(key)
            if lent is not None:
                return lent.share()

            def forget() -> None:
                del self._lent[key]

            if netascii:
                if about.st_size > NETASCII_MOST:
                    raise NotServedError(path.name, "is too large for netascii; ask for octet")
                text = to_netascii(os.pread(fd, NETASCII_MOST, 0))
                content = Content(len(text), data=text, at_end=forget)
            else:
                content = Content(about.st_size, fd=fd, at_end=forget)
                keep = True
            self._lent[key] = content
            return content
        finally:
            if not keep:
                os.close(fd)


def to_netascii(text: bytes) -> bytes:
    """Convert a Unix text to the line ends of RFC 764's terminal (RFC 1350 section 1).

    A line feed goes as CR LF, a carriage return as CR NUL.
    """
    return text.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")
