"""Machine files, read by another process while the daemon's libraries are loaded.

Each is work for a processor, and most hosts have two. What that process has read is taken as it
comes, and counts where the file is as it was; what it has not, or found a mistake in, is read by
whoever asks. So nobody waits for it, and without it all is the same.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import Final, NoReturn, Self

from pyxie.registry.folder import read_machine
from pyxie.registry.inherited import Read, printable, signatures
from pyxie.registry.registry import MachineFile

_LEAST: Final = 200
"""Files from which on a process pays."""
_PIECE: Final = 50
"""Files that are handed over at once."""
_LENGTH: Final = Struct("=Q")


class EarlyRead:
    """What was read so far of one folder.

    To be made before there is a thread, for what is forked has those halved.

    Args:
        folder: Where the machines are.
        least: Files from which on a process is started.
        processors: How many there are.
    """

    def __init__(
        self,
        folder: Path,
        *,
        least: int = _LEAST,
        processors: Callable[[], int] = lambda: len(os.sched_getaffinity(0)),
    ) -> None:
        self._child = self._at = 0
        self._written: int | None = None
        if processors() < 2 or not _has(folder, least):
            return
        with suppress(OSError):  # else whoever asks reads all
            self._written = os.memfd_create("machines", os.MFD_CLOEXEC)
            parent = os.getpid()
            self._child = os.fork()
            if self._child == 0:
                _end(folder, self._written, parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def more(self) -> Read[MachineFile]:
        """Return what was read since this was asked last; it never waits."""
        found: Read[MachineFile] = {}
        if self._written is None:
            return found
        there = os.fstat(self._written).st_size
        while self._at + _LENGTH.size <= there:
            (length,) = _LENGTH.unpack(os.pread(self._written, _LENGTH.size, self._at))
            if self._at + _LENGTH.size + length > there:
                break
            piece = os.pread(self._written, length, self._at + _LENGTH.size)
            self._at += _LENGTH.size + length
            found |= pickle.loads(piece)  # noqa: S301 - of this very program
        return found

    def close(self) -> None:
        """End it, whatever it does."""
        if self._child:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)
            self._child = 0
        if self._written is not None:
            os.close(self._written)
            self._written = None


def _has(folder: Path, least: int) -> bool:
    with suppress(OSError), os.scandir(folder) as entries:
        return next(islice(entries, least - 1, None), None) is not None
    return False


def _end(folder: Path, into: int, parent: int) -> NoReturn:
    """Read all, and end this process: nothing of the daemon's is to run in it."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.closerange(3, into)
        os.closerange(into + 1, os.sysconf("SC_OPEN_MAX"))
        _read(folder, into, parent)
    except BaseException:  # noqa: BLE001, S110 - whoever asks comes to the same, and tells
        pass
    finally:
        os._exit(0)


def _read(folder: Path, into: int, parent: int) -> None:
    left, at = iter(signatures(folder).items()), 0
    while piece := list(islice(left, _PIECE)):
        if os.getppid() != parent:
            return
        read = {
            name: (signature, read_machine(folder / name, folder / printable(name)))
            for name, signature in piece
        }
        # A mistake is told, and counted, by who reads it again.
        good = {name: each for name, each in read.items() if each[1].machine is not None}
        data = pickle.dumps(good, pickle.HIGHEST_PROTOCOL)
        at += os.pwrite(into, _LENGTH.pack(len(data)) + data, at)
