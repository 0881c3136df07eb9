"""The store's folder. All of it is called in threads.

``blobs/sha256/ab/…`` has what is whole, by its content's name; nothing there is ever written to.
``partial`` has what is on its way, with what its server said of it. ``urls`` says which content a
URL had. Whatever is to count is written under another name, to the disk, and renamed: so whoever
is killed, at any instant, leaves what was or what is, and no half of it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyxie.errors import PyxieError
from pyxie.imagestore.entry import Entry, Head, head_text, parsed, parsed_head
from pyxie.openfile import Descriptor, OpenFile, opened

ENTRIES: Final = frozenset(("blobs", "lock", "partial", "urls"))
"""What there is in the store's folder."""
_LONGEST: Final = 64 << 10
"""Bytes of a file of ours that is read; none that we have written is as long."""
_OLD: Final = 7 * 86_400.0
"""Seconds after which nobody comes for the rest of what was begun."""
_PIECE: Final = 1 << 20
FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""What the kernel says where no more can be written."""


class InUseError(PyxieError):
    """Another process has the folder."""


class Disk:
    """The folder of a store.

    Args:
        folder: Made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "blobs/sha256"
        self._partial = folder / "partial"
        self._urls = folder / "urls"
        self._boot = ""
        self._lock: int | None = None

    def claim(self) -> None:
        """Make the folder what it has to be, and ours alone until `leave`.

        Raises:
            OSError: It cannot be made or written.
            InUseError: Another pyxie has it.
        """
        # URLs lie in there, and whatever they lead to.
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for each in (self._blobs, self._partial, self._urls):
            each.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(self.folder / "lock", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(lock)
            if isinstance(exc, BlockingIOError):
                raise InUseError(f"{self.folder}: another pyxie is using it") from exc
            raise
        self._lock = lock
        with suppress(OSError):
            self._boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()

    def leave(self) -> None:
        """Give it back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def load(self, most: int) -> list[Entry]:
        """Return what there is, of entries no more than ``most``, and remove what is of no use."""
        found = {each.key: each for each in self._entries(most)}
        there = dict(self._contents())
        kept = [each for each in found.values() if there.get(each.digest) == each.size]
        for key in found.keys() - {each.key for each in kept}:
            self.forget(key)
        for digest in there.keys() - {each.digest for each in kept}:
            self.remove(digest)
        self._tidy()
        return kept

    def _entries(self, most: int) -> Iterator[Entry]:
        for at, path in enumerate(self._urls.iterdir()):
            entry = None
            if path.suffix == ".json" and at < most:
                with suppress(OSError, UnicodeError), path.open("rb") as file:
                    entry = parsed(file.read(_LONGEST).decode())
            if entry is not None and entry.key == path.stem:
                yield entry
            else:
                path.unlink(missing_ok=True)

    def _contents(self) -> Iterator[tuple[str, int]]:
        for folder in self._blobs.iterdir():
            for path in folder.iterdir():
                yield path.name, path.lstat().st_size

    def _tidy(self) -> None:
        for path in self._partial.iterdir():
            with suppress(OSError):
                if path.suffix == ".new" or time.time() - path.stat().st_mtime > _OLD:
                    path.unlink()

    def free(self) -> int:
        """Return how many bytes can be written."""
        disk = os.statvfs(self.folder)
        return disk.f_frsize * disk.f_bavail

    def write(self, entry: Entry) -> None:
        """Have an entry count.

        Raises:
            OSError: It cannot be written; what was there before still counts.
        """
        _replace(self._urls / f"{entry.key}.json", entry.text())

    def forget(self, key: str) -> None:
        """Have an entry count no more."""
        (self._urls / f"{key}.json").unlink(missing_ok=True)

    def path(self, digest: str) -> Path:
        """Return where a content is."""
        return self._blobs / digest[:2] / digest

    def open(self, digest: str) -> OpenFile:
        """Open a content.

        Raises:
            OSError, NotServedError: It cannot be opened.
        """
        return opened(self.path(digest))

    def digest(self, digest: str) -> str:
        """Return the SHA-256 of a content, as it is by now.

        Raises:
            OSError, NotServedError: It cannot be read.
        """
        file = self.open(digest)
        try:
            return digest_of(file)
        finally:
            file.close()

    def remove(self, digest: str) -> None:
        """Remove a content; whoever has it open reads on."""
        self.path(digest).unlink(missing_ok=True)

    def begun(self, key: str) -> Partial:
        """Return what is there of a file that is on its way, to go on with it."""
        head = None
        with suppress(OSError, UnicodeError), self._beside(key).open("rb") as file:
            head = parsed_head(file.read(_LONGEST).decode())
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        number = os.open(self._part(key), flags, 0o600)
        part = OpenFile(self._part(key), Descriptor(number), os.fstat(number))
        is_of_use = head is not None and head[0].validator and head[1] == self._boot
        return Partial(part, head[0] if head is not None and is_of_use else None)

    def note(self, key: str, head: Head) -> None:
        """Write down what is to be known of a part, should somebody else go on with it.

        Raises:
            OSError: It cannot be written.
        """
        _replace(self._beside(key), head_text(head, self._boot), now=False)

    def land(self, key: str, digest: str) -> None:
        """Make a part that is whole, and on the disk by `sync`, a content.

        Raises:
            OSError: It cannot be.
        """
        path = self.path(digest)
        path.parent.mkdir(exist_ok=True)
        part = self._part(key)
        part.chmod(0o400)
        part.rename(path)
        self._beside(key).unlink(missing_ok=True)
        _sync(path.parent)

    def drop(self, key: str) -> None:
        """Remove a part."""
        self._beside(key).unlink(missing_ok=True)
        self._part(key).unlink(missing_ok=True)

    def left(self, key: str, busy: Collection[str], size: int, most: int) -> int:
        """Keep what was broken off, if somebody may go on with it, and not more of it than that.

        Whoever can have pyxie ask for files that are not there, or break off, can do so for any
        number of names.

        Args:
            key: Of what was broken off just now.
            busy: Of those that somebody is at work on.
            size: Bytes that all that was broken off may take.
            most: How many files that may be.

        Returns:
            How many of the older ones were removed.
        """
        if not self._beside(key).exists() or not self._part(key).stat().st_size:
            self.drop(key)
        removed = 0
        idle = [path for path in self._partial.glob("*.part") if path.stem not in {*busy} - {key}]
        about = {path: path.stat() for path in idle}
        for path in sorted(idle, key=lambda each: about[each].st_mtime_ns, reverse=True):
            size -= about[path].st_size
            most -= 1
            if size < 0 or most < 0:
                self.drop(path.stem)
                removed += 1
        return removed

    def leftovers(self, busy: Collection[str]) -> None:
        """Remove all parts that nobody is at work on."""
        for path in self._partial.iterdir():
            if path.stem not in busy:
                path.unlink(missing_ok=True)

    def _part(self, key: str) -> Path:
        return self._partial / f"{key}.part"

    def _beside(self, key: str) -> Path:
        return self._partial / f"{key}.json"


class Partial:
    """A file on its way: its bytes come in order, and are hashed as they come.

    For one thread at a time. Others may read what has been written.

    Attributes:
        file: Open to be read and written.
        head: What its server said of it, if somebody may go on with it; None else.
        size: How many bytes are there.
    """

    def __init__(self, file: OpenFile, head: Head | None = None) -> None:
        self.file = file
        self.head = head
        self.size = 0
        self._hash = hashlib.sha256()

    def again(self) -> None:
        """Read what a process before has written, or have none of it."""
        with self.file.descriptor as number:
            if self.head is None:
                os.ftruncate(number, 0)
            while piece := os.pread(number, _PIECE, self.size):
                self._hash.update(piece)
                self.size += len(piece)

    def append(self, data: bytes) -> None:
        """Write more.

        Raises:
            OSError: It cannot be written; what was there is there still, and no more.
        """
        left = memoryview(data)
        with self.file.descriptor as number:
            while left:
                count = os.pwrite(number, left, self.size)
                self._hash.update(left[:count])
                self.size += count
                left = left[count:]

    def is_of(self, head: Head) -> None:
        """Note what its server says of it."""
        self.head = head

    def has(self, data: bytes, at: int) -> bool:
        """Tell whether these bytes are there, from ``at`` on."""
        with self.file.descriptor as number:
            return os.pread(number, len(data), at) == data

    def cut(self) -> None:
        """Have nothing of it any more."""
        self._hash, self.size, self.head = hashlib.sha256(), 0, None
        with self.file.descriptor as number:
            os.ftruncate(number, 0)

    def digest(self) -> str:
        """Return the SHA-256 of what is there, in hex."""
        return self._hash.hexdigest()


def sync(file: OpenFile) -> None:
    """Have all of a file on the disk, whatever becomes of this host."""
    with file.descriptor as number:
        os.fsync(number)


def digest_of(file: OpenFile) -> str:
    """Return the SHA-256 of all of a file, in hex."""
    found, at = hashlib.sha256(), 0
    with file.descriptor as number:
        while piece := os.pread(number, _PIECE, at):
            found.update(piece)
            at += len(piece)
    return found.hexdigest()


def _replace(path: Path, text: str, *, now: bool = True) -> None:
    new = path.with_suffix(".new")
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(number, text.encode("utf-8", "surrogatepass"))
        if now:
            os.fsync(number)
    finally:
        os.close(number)
    new.rename(path)
    if now:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Have a folder's names on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
