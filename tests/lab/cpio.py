"""The archive format of a kernel's initrd: cpio, "newc" (kernel: buffer-format.rst)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


_MAGIC = b"070701"
_HEADER_SIZE = 110
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file, folder or link in an archive.

    Attributes:
        name: Without a leading slash.
        mode: Type and permissions, as in `os.stat_result`.
        data: A file's content, or where a symbolic link leads.
        device: Of a device node, its numbers, major and minor.
    """

    name: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def folder(name: str) -> Entry:
    """Return a folder's entry."""
    return Entry(name=name, mode=stat.S_IFDIR | 0o755)


def executable(name: str, data: bytes) -> Entry:
    """Return the entry of a file that may be run."""
    return Entry(name=name, mode=stat.S_IFREG | 0o755, data=data)


def pack(*entries: Entry) -> bytes:
    """Return the archive."""
    out = bytearray()
    for number, entry in enumerate((*entries, Entry(name=_TRAILER, mode=0)), start=1):
        name = entry.name.encode() + b"\0"
        owner, links, when, within = (0, 0), 1, 0, (0, 0)
        inode = (number, entry.mode, *owner, links, when, len(entry.data), *within)
        fields = (*inode, *entry.device, len(name), 0)
        out += _MAGIC + b"".join(b"%08x" % field for field in fields) + name
        out += bytes(-len(out) % 4)
        out += entry.data
        out += bytes(-len(out) % 4)
    return bytes(out)


def unpack(archive: _Readable) -> Iterator[Entry]:
    """Read the entries one by one, in the order in which they stand."""
    while True:
        header = archive.read(_HEADER_SIZE)
        if len(header) < _HEADER_SIZE or not header.startswith(_MAGIC):
            raise ValueError(f"not a newc cpio header: {header[:16]!r}")
        fields = [int(header[at : at + 8], 16) for at in range(6, _HEADER_SIZE, 8)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        # The name with its zero, and the data, are each padded to a multiple of four.
        name = archive.read(name_size + -(_HEADER_SIZE + name_size) % 4)[: name_size - 1]
        if name.decode() == _TRAILER:
            return
        data = archive.read(size + -size % 4)[:size]
        path = name.decode().removeprefix("./")
        yield Entry(name=path, mode=mode, data=data, device=(fields[9], fields[10]))
