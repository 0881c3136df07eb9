"""Digests of files of this host's, read once for as long as a file stays as it is."""

from __future__ import annotations

import hashlib
from typing import Final

from pyxie.bounded import note
from pyxie.bounds import VERIFY_FILES
from pyxie.errors import BusyError
from pyxie.openfile import OpenFile
from pyxie.threads import Pool
from pyxie.verification.faults import MismatchError, UncheckedError, algorithm

_PIECE: Final = 1 << 20
_PATIENCE: Final = 300.0
"""Seconds: a disk may be slow, and an image large."""


class OwnFiles:
    """Checks them; for the event loop."""

    def __init__(self) -> None:
        self._pool = Pool("digests", most=2, patience=_PATIENCE)
        self._known: dict[tuple[str | int | tuple[int, int] | bytes, ...], str] = {}

    async def check(self, file: OpenFile, digest: str, what: str) -> str:
        """Check that a file is what it should be; return its SHA-256.

        Args:
            file: Open.
            digest: The one that it must have, SHA-256 or SHA-512.
            what: What it is called.

        Raises:
            MismatchError: It has another.
            UncheckedError: It cannot be read.
        """
        found = await self._digest(file, algorithm(digest), what)
        if found != digest:
            by = "'sha512'" if len(digest) == 128 else "'sha256'"
            raise MismatchError(what, digest, found, by)
        return await self._digest(file, "SHA-256", what)

    def known(self, file: OpenFile, digest: str) -> str:
        """Return the SHA-256 of a file that is known to have a digest; empty where a look is due.

        Args:
            file: Open.
            digest: As of `check`.
        """
        if self._known.get(_key(file, algorithm(digest))) != digest:
            return ""
        return self._known.get(_key(file, "SHA-256"), "")

    async def _digest(self, file: OpenFile, by: str, what: str) -> str:
        key = _key(file, by)
        found = self._known.get(key, "")
        if not found:
            try:
                found = await self._pool.run(digest_of, file, by)
            except (OSError, BusyError) as exc:
                why = exc.strerror if isinstance(exc, OSError) else exc.why
                raise UncheckedError(what, f"cannot be read: {why}") from exc
            if note(self._known, key, found, VERIFY_FILES.whole):
                VERIFY_FILES.reached()
        return found


def _key(file: OpenFile, by: str) -> tuple[str | int | tuple[int, int] | bytes, ...]:
    about = file.about
    # The time of the last change to the inode is nobody's to set.
    whole = about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
    return by, *whole, *(file.extents or ())


def digest_of(file: OpenFile, by: str) -> str:
    """Return the digest of all of a file, in hex; for threads.

    Args:
        file: Open.
        by: As of `algorithm`.

    Raises:
        OSError: It cannot be read.
    """
    hashed, at = hashlib.new(by.replace("-", "")), 0
    with file.descriptor:
        while piece := file.read(at, _PIECE):  # one that has just been written is longer by now
            hashed.update(piece)
            at += len(piece)
    return hashed.hexdigest()
