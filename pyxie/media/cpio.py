"""A file as an initrd of its own: a cpio archive that holds nothing else. Pure.

Linux puts what its initrds hold into one root file system, one after the other (its documentation,
"initramfs buffer format"). An installer that needs its whole medium finds it there.
"""

from __future__ import annotations

from typing import Final

from pyxie.errors import NotServedError
from pyxie.media.extents import File, is_name

_MOST: Final = 0xFFFFFFFF
"""Bytes of a file: 8 hexadecimal digits."""
_LAST: Final = "TRAILER!!!"
_PLAIN_FILE: Final = 0o100644


def holding(name: str, size: int) -> File:
    """Return an archive of one file, as a file whose bytes are those of the image, and some more.

    Args:
        name: What the file is called in it, in its root.
        size: Of the image, in bytes.

    Raises:
        NotServedError: It is no such name, or the image is too large.
    """
    if not is_name(name):
        raise NotServedError(name[:80], "is no name of a file")
    if size > _MOST:
        raise NotServedError(name, "is larger than 4 GiB, which no file of an initrd may be")
    padding = bytes(-size % 4)
    return File((_head(name, size), (0, size), padding + _head(_LAST, 0)))


def _head(name: str, size: int) -> bytes:
    """Return what stands before a file's bytes, in cpio's "newc" form."""
    spelt = name.encode() + b"\0"
    mode = 0 if name == _LAST else _PLAIN_FILE
    numbers = (1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(spelt), 0)
    head = b"070701" + b"".join(b"%08X" % each for each in numbers) + spelt
    return head + bytes(-len(head) % 4)
