"""Digests of files of this host's, read once for as long as a file stays as it is."""

from __future__ import annotations

import hashlib
from typing import Final

from pyxie.bounded import note
from pyxie.bounds import VERIFY_FILES
from pyxie.errors import BusyError
from pyxie.openfile import OpenFile
from pyxie.threads import Pool
from pyxie.verification.faults import MismatchError, UncheckedError

_PIECE: Final = 1 << 20
_PATIENCE: Final = 300.0
"""Seconds: a disk may be slow, and an image large."""


class OwnFiles:
    """Checks them; for the event loop."""

    def __init__(self) -> None:
        self._pool = Pool("digests", most=2, patience=_PATIENCE)
        self._known: dict[tuple[int | tuple[int, int] | bytes, ...], str] = {}

    async def check(self, file: OpenFile, sha256: str, what: str) -> None:
        """Check that a file is what it should be.

        Args:
            file: Open.
            sha256: The digest that it must have.
            what: What it is called.

        Raises:
            MismatchError: It has another.
            UncheckedError: It cannot be read.
        """
        about = file.about
        # The time of the last change to the inode is nobody's to set.
        whole = about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
        key = *whole, *(file.extents or ())
        found = self._known.get(key, "")
        if not found:
            try:
                found = await self._pool.run(_digest, file)
            except (OSError, BusyError) as exc:
                why = exc.strerror if isinstance(exc, OSError) else exc.why
                raise UncheckedError(what, f"cannot be read: {why}") from exc
            if note(self._known, key, found, VERIFY_FILES.whole):
                VERIFY_FILES.reached()
        if found != sha256:
            raise MismatchError(what, sha256, found, "'sha256'")


def _digest(file: OpenFile) -> str:
    hashed, at = hashlib.sha256(), 0
    with file.descriptor:
        while at < file.size and (piece := file.read(at, _PIECE)):
            hashed.update(piece)
            at += len(piece)
    return hashed.hexdigest()
