"""Machine files created, changed and deleted: checked first, then written in one stroke.

All that a writer does is under a lock of the folder (flock(2)), so that neither two threads
nor two programs interleave. A reader sees the file from before, or the new one, whole; a new
one that `pyxie.registry.registry.Folder` would find fault with is never written.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pyxie.config.nodes import FILE, in_short
from pyxie.errors import ConfigError, Problem, PyxieError
from pyxie.registry.folder import parse_machine
from pyxie.registry.machine import hostname
from pyxie.registry.origins import SECRET_MODE, is_secret
from pyxie.registry.registry import MachineFile, Registry

_ENDINGS = (".yaml", ".yml")
_NEW = ".pyxie.new"
"""What is being written, until it gets its name; hidden, so that `Folder` passes it over."""
_PATIENCE = 10.0
"""Seconds to wait for another writer."""


class WriteError(PyxieError):
    """A machine file cannot be written; the text is one sentence that says what to do."""


class ReadOnlyError(WriteError):
    """The folder is not ours to write to."""


class FullError(WriteError):
    """The disk is full."""


class StaleError(WriteError):
    """The file is no longer as the caller has seen it."""


class ExistsError(WriteError):
    """There is such a machine already."""


class NotThereError(WriteError):
    """There is no file of that machine."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A machine file as it is on disk.

    Attributes:
        name: Of the file.
        raw: What is in it.
        file: What that means.
    """

    name: str
    raw: bytes
    file: MachineFile

    @property
    def etag(self) -> str:
        """The strong validator of its bytes (RFC 9110 section 8.8.3), without quotes."""
        return hashlib.sha256(self.raw).hexdigest()[:32]


Accepts = Callable[[str], bool]
"""Given a file's etag: whether the caller knows it as it is."""


class Writer:
    """Writes to ``machinepath``. Its methods block, and may be called in any thread.

    Args:
        folder: The machines.
        shown: How messages name it.
    """

    def __init__(self, folder: Path, *, shown: Path | None = None) -> None:
        self._folder = folder
        self._shown = shown or folder

    def read(self, host: str, registry: Registry) -> Stored:
        """Return the file of a machine, also of a broken one.

        Args:
            host: Its hostname, or the file's name without ending.
            registry: The machines as they were last read.

        Raises:
            NotThereError: There is none.
        """
        return self._read(self._named(host, registry))

    def create(self, host: str, text: str, registry: Registry) -> Stored:
        """Write the file of a new machine.

        Raises:
            ExistsError: There is one already.
            ConfigError: The text is wrong, or claims what is another machine's.
            WriteError: It cannot be written.
        """
        host = host.strip().lower()
        name = f"{host}.yaml" if _is_hostname(host) else "new.yaml"  # checks will tell
        with self._locked() as folder:
            if self._exists(host, registry):
                raise ExistsError(f"there is a machine {host} already")
            checked = self._checked(name, text, registry, {host})
            _put(folder, name, checked, None)
        return checked

    def replace(self, host: str, text: str, registry: Registry, accepts: Accepts) -> Stored:
        """Write a machine's file anew; its mode stays, but with a password in it not all may read.

        Raises:
            NotThereError: There is none.
            StaleError: It has changed since the caller saw it.
            ConfigError, WriteError: As of `create`.
        """
        return self.change(host, lambda _: text, registry, accepts)

    def change(
        self, host: str, edit: Callable[[Stored], str], registry: Registry, accepts: Accepts
    ) -> Stored:
        """Write a machine's file as ``edit`` makes it of what it is; raises as `replace`."""
        with self._locked() as folder:
            old = self._read(self._named(host, registry))
            real = self._inside(old.name)
            if not accepts(old.etag):
                raise StaleError(f"the file of {host} has changed meanwhile; read it again")
            new = self._checked(old.name, edit(old), registry, _names(host, old))
            if new.raw != old.raw:
                _put(folder, real, new, os.stat(real, dir_fd=folder))
        return new

    def tried(self, host: str, text: str, registry: Registry) -> Stored:
        """Return what a machine's file would be with that text, and write nothing.

        Raises:
            NotThereError: There is none.
            ConfigError, WriteError: As of `create`.
        """
        old = self._read(self._named(host, registry))
        return self._checked(old.name, text, registry, _names(host, old))

    def remove(self, host: str, registry: Registry, accepts: Accepts) -> None:
        """Delete a machine's file; of a link, the link.

        Raises:
            NotThereError, StaleError, WriteError: As of `replace`.
        """
        with self._locked() as folder:
            old = self.read(host, registry)
            if not accepts(old.etag):
                raise StaleError(f"the file of {host} has changed meanwhile; read it again")
            os.unlink(old.name, dir_fd=folder)
            os.fsync(folder)

    def _named(self, host: str, registry: Registry) -> str:
        machine = registry.find(host)
        if machine is not None:
            return registry.documents[machine.hostname].file.name
        host = host.lower()
        for document, _ in registry.claims.get(("hostname", host), ()):
            return document.file.name
        for name in registry.files:
            if name.lower() in {host + ending for ending in _ENDINGS}:
                return name
        raise NotThereError(f"there is no machine {host}")

    def _exists(self, host: str, registry: Registry) -> bool:
        names = {host + ending for ending in _ENDINGS} if _is_hostname(host) else set()
        with suppress(NotThereError):
            names.add(self._named(host, registry))
        return any(os.path.lexists(self._folder / name) for name in names)

    def _read(self, name: str) -> Stored:
        try:
            with os.fdopen(
                os.open(self._folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb"
            ) as opened:
                if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                    raise NotThereError(f"{self._shown / name} is not a file")
                raw = opened.read(FILE.length.whole + 1)
        except FileNotFoundError as exc:
            raise NotThereError(f"{self._shown / name} is not there any more") from exc
        except OSError as exc:
            raise WriteError(f"{self._shown / name} cannot be read: {exc.strerror}") from exc
        return Stored(name, raw, parse_machine(raw, self._shown / name))

    def _inside(self, name: str) -> str:
        """Return the name of the file that is meant, if it lies in the folder itself."""
        real, base = os.path.realpath(self._folder / name), os.path.realpath(self._folder)
        if os.path.dirname(real) != base:  # noqa: PTH120  (a text, as realpath gives it)
            raise ReadOnlyError(
                f"{self._shown / name} is a link that leads out of 'machinepath'; "
                "change what it leads to"
            )
        return os.path.basename(real)  # noqa: PTH119

    def _checked(self, name: str, text: str, registry: Registry, hosts: set[str]) -> Stored:
        raw = text.encode()
        if len(raw) > FILE.length.whole:
            FILE.length.reached()
            message = f"would be over {in_short(FILE.length.whole)}"
            raise ConfigError([Problem(self._shown / name, 0, 0, "", message)])
        file = parse_machine(raw, self._shown / name)
        problems = file.problems or registry.objections(file)
        if not problems and file.hostname not in hosts:
            message = f"a machine keeps its name; this one is {min(hosts)!r}"
            assert file.document is not None  # noqa: S101  (or there were problems)
            problems = (file.document.problem(("hostname",), message),)
        if problems:
            raise ConfigError(problems)
        return Stored(name, raw, file)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the folder's lock; yield the folder, opened."""
        try:
            with suppress(FileExistsError):
                self._folder.mkdir()
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._lock(folder)
                yield folder
            finally:
                os.close(folder)
        except OSError as exc:
            raise self._refused(exc) from exc

    def _lock(self, folder: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise WriteError(f"{self._shown}: another program holds its lock") from None
                time.sleep(0.01)
            else:
                return

    def _refused(self, exc: OSError) -> WriteError:
        message = f"{self._shown} cannot be written to: {exc.strerror}"
        if exc.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR):
            return ReadOnlyError(
                f"{message}; set 'machinepath' in config.yaml to a folder that pyxie may write to"
            )
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return FullError(message)
        return WriteError(message)


def _names(host: str, old: Stored) -> set[str]:
    """Return what a machine may be called in a file that takes the place of ``old``."""
    return {host.lower(), old.file.hostname or host.lower()}


def _is_hostname(host: str) -> bool:
    try:
        return hostname(host) == host
    except ValueError:
        return False


def _put(folder: int, name: str, content: Stored, old: os.stat_result | None) -> None:
    """Write a file in one stroke; also after a power cut it is the old one or the new."""
    with suppress(FileNotFoundError):
        os.unlink(_NEW, dir_fd=folder)  # of a writer that was killed; we hold the lock
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        document = content.file.document
        most = SECRET_MODE if document and is_secret(document.data) else 0o777
        with os.fdopen(os.open(_NEW, flags, most & 0o666, dir_fd=folder), "wb") as new:
            if old is not None:
                os.fchmod(new.fileno(), stat.S_IMODE(old.st_mode) & most)
                with suppress(PermissionError):
                    os.fchown(new.fileno(), old.st_uid, old.st_gid)
            new.write(content.raw)
            new.flush()
            os.fsync(new.fileno())
        os.rename(_NEW, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(_NEW, dir_fd=folder)
        raise
    os.fsync(folder)
