"""The bytes of what is sent: read from the file a window at a time, shared by all clients.

Not mapped into memory: a mapped file that someone truncates gives SIGBUS at the next
access, which would end the daemon for everybody. A read that finds less than it should is
merely short, and ends one transfer.

What the kernel has in memory is read on the event loop, for about a microsecond a window
(preadv2(2), RWF_NOWAIT). What it has not, and what is on a file system that cannot tell, as NFS and
tmpfs, is read ahead by a thread: a disk may take its time, and a file server may hang.

A file is best replaced by renaming a new one over it: who has begun with the old one gets
it whole. Of a file written over in place a client gets what is there when it asks.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from pyxie.bounds import TFTP_AHEAD
from pyxie.errors import NotServedError, PyxieError
from pyxie.openfile import Descriptor, OpenFile, opened
from pyxie.tftp.framing import Frames, Kept
from pyxie.tftp.source import Found

NETASCII_MOST = 4 * 1024 * 1024
"""The largest file converted to netascii, in bytes. The converted text, unlike the file
itself, is held in memory, once for all clients."""
AHEAD: Final = 128 << 10
"""Bytes that a thread reads at once; a window is no longer."""
_CANNOT_TELL: Final = frozenset((errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL))


class UnreadableError(PyxieError):
    """A file that was opened cannot be read on; the text says why, for the client too."""


class NotInMemoryError(PyxieError):
    """To read on takes a thread: `Content.fetch`.

    Attributes:
        offset: From where.
    """

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Content:
    """Bytes that can be read anywhere, until all that share them have closed them.

    Attributes:
        size: In bytes, as it was when opened.
        frames: Its packets.
    """

    __slots__ = ("_ahead", "_at_end", "_can_tell", "_data", "_file", "_users", "frames", "size")

    def __init__(
        self,
        size: int,
        *,
        data: bytes = b"",
        file: OpenFile | None = None,
        kept: Kept | None = None,
        at_end: Callable[[], object] = lambda: None,
    ) -> None:
        self.size = size
        self.frames = Frames(self, kept or Kept())
        self._data = memoryview(data)
        self._file = file
        self._can_tell = True
        self._ahead: deque[tuple[int, bytes]] = deque()
        self._at_end = at_end
        self._users = 1

    @property
    def descriptor(self) -> Descriptor | None:
        """Of the file that all of it is; None if it is none, or a part of one."""
        whole = self._file is not None and self._file.extents is None
        return self._file.descriptor if self._file is not None and whole else None

    def read(self, offset: int, length: int) -> bytes | bytearray | memoryview:
        """Return exactly ``length`` bytes from within `size`, at most `AHEAD`; never waits.

        Raises:
            NotInMemoryError: They have to be fetched first.
            UnreadableError: The file has become shorter, or the disk cannot give them.
        """
        if self._file is None:
            return self._data[offset : offset + length]
        for start, data in self._ahead:
            if start <= offset < start + len(data) or start == offset:
                if offset + length <= start + len(data):
                    return memoryview(data)[offset - start : offset - start + length]
                if len(data) < AHEAD:
                    raise UnreadableError("the file became shorter while it was sent")
        found = self._at_once(self._file, offset, length)
        if found is None:
            raise NotInMemoryError(offset)
        return found

    def _at_once(self, file: OpenFile, offset: int, length: int) -> bytes | bytearray | None:
        """Return what the kernel has in memory; None if it has not, or cannot tell."""
        run = file.run(offset, length)
        if isinstance(run, bytes):
            return run if len(run) == length else None
        if self._can_tell and run[1] == length:
            window = bytearray(length)
            try:
                with file.descriptor as number:
                    if os.preadv(number, [window], run[0], os.RWF_NOWAIT) == length:
                        return window
            except BlockingIOError:
                pass
            except OSError as exc:
                if exc.errno not in _CANNOT_TELL:
                    raise UnreadableError(exc.strerror or str(exc)) from exc
                self._can_tell = False
        return None

    def fetch(self, offset: int) -> bytes:
        """Return the next bytes, `AHEAD` of them or up to the end; for threads.

        Raises:
            OSError: The disk cannot give them.
        """
        assert self._file is not None  # noqa: S101 - what has none never asks for it
        return _taken(self._file, offset, AHEAD)

    def keep(self, offset: int, data: bytes) -> None:
        """Take what was fetched."""
        self._ahead.appendleft((offset, data))

    def drop(self) -> None:
        """Let go of what was fetched the longest ago."""
        if self._ahead:
            self._ahead.pop()

    def share(self) -> Content:
        """Return the same content for one more user, who closes it too."""
        self._users += 1
        return self

    def close(self) -> None:
        """Have one user less; the last one closes the file."""
        self._users -= 1
        if self._users == 0:
            self._ahead.clear()
            self.frames.clear()
            if self._file is not None:
                self._file.close()
            self._at_end()


Key: TypeAlias = tuple[tuple[int, ...], tuple[tuple[int, int] | bytes, ...] | None, bool]


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found and opened, to be lent out by a `Library`.

    Attributes:
        data: Its bytes; None if they are read from ``file``.
        file: Open.
        size: In bytes.
        key: What is the same of the same file, unchanged; None of what is made for one client.
    """

    data: bytes | None
    file: OpenFile | None
    size: int
    key: Key | None


def look(found: Found, *, netascii: bool = False) -> Opened:
    """Open what was found; for threads.

    Args:
        found: Of the source.
        netascii: Convert it; its size is then that of the converted text.

    Raises:
        NotServedError: It is no regular file, or too large to convert.
        OSError: It cannot be opened or read.
    """
    if found.data is not None:
        data = to_netascii(found.data) if netascii else found.data
        return Opened(data, None, len(data), None)
    file = found.open() if found.open is not None else opened(found.path or Path())
    about = file.about
    same = about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size
    key = same, file.extents, netascii
    if not netascii:
        return Opened(None, file, file.size, key)
    try:
        if file.size > NETASCII_MOST:
            raise NotServedError(file.path.name, "is too large for netascii; ask for octet")
        text = to_netascii(_taken(file, 0, NETASCII_MOST))
    finally:
        file.close()
    return Opened(text, None, len(text), key)


def _taken(file: OpenFile, offset: int, most: int) -> bytes:
    """Return bytes of a file, all that there are up to its end; raises OSError."""
    found = b""
    end = min(offset + most, file.size)
    while (at := offset + len(found)) < end and (more := file.read(at, end - at)):
        found += more
    return found


class Library:
    """The files that are open, each once however many clients read it."""

    def __init__(self) -> None:
        self._lent: dict[Key, Content] = {}
        self._kept: deque[Content] = deque()
        self._framed = Kept()

    def __len__(self) -> int:
        """How many contents are open."""
        return len(self._lent)

    def lend(self, opened: Opened) -> Content:
        """Give what was opened, or share it with those who have it open unchanged."""
        key = opened.key
        if key is None:
            return Content(opened.size, data=opened.data or b"", kept=self._framed)
        lent = self._lent.get(key)
        if lent is not None:
            if opened.file is not None:
                opened.file.close()
            return lent.share()
        content = Content(
            opened.size,
            data=opened.data or b"",
            file=opened.file,
            kept=self._framed,
            at_end=lambda: self._lent.pop(key),
        )
        self._lent[key] = content
        return content

    def keep(self, content: Content, offset: int, data: bytes) -> None:
        """Have a content keep what was fetched, and let go of what was the longest ago."""
        content.keep(offset, data)
        self._kept.append(content)
        while len(self._kept) > TFTP_AHEAD.whole:
            TFTP_AHEAD.reached()
            self._kept.popleft().drop()


def to_netascii(text: bytes) -> bytes:
    """Convert a Unix text to the line ends of RFC 764's terminal (RFC 1350 section 1).

    A line feed goes as CR LF, a carriage return as CR NUL.
    """
    return text.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")
