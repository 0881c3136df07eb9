"""``machinepath`` as it stands: read, and read again where it has changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from pyxie.config.nodes import Document, parse, read
from pyxie.config.validate import validate
from pyxie.errors import ConfigError, Problem
from pyxie.registry.amend import amended
from pyxie.registry.claims import claims_of
from pyxie.registry.machine import Machine
from pyxie.registry.registry import MachineFile, Registry, gather

_ENDINGS = (".yaml", ".yml")
_FEW = 100
"""Changed files up to which a snapshot is made of the one before."""

_NONE = (None, None)

Signature: TypeAlias = tuple[int, int, int, int]


def read_machine(path: Path, shown: Path) -> MachineFile:
    """Read one machine file; what is wrong with it is in the result.

    Args:
        path: The file.
        shown: How messages name it.
    """
    try:
        document = read(path, shown=shown, tolerant=True)
    except ConfigError as exc:
        return MachineFile(shown, None, None, exc.problems)
    return _machine_file(document, path.stem)


def parse_machine(raw: bytes, shown: Path) -> MachineFile:
    """Read a machine file from memory; as `read_machine`."""
    try:
        document = parse(raw, shown, tolerant=True)
    except ConfigError as exc:
        return MachineFile(shown, None, None, exc.problems)
    return _machine_file(document, shown.stem)


def _machine_file(document: Document, stem: str) -> MachineFile:
    if isinstance(document.data, dict) and not document.data.get("hostname"):
        # waitron 2 and 3 take the name of the file where none is written inside.
        document.data["hostname"] = stem
    claims = claims_of(document)
    try:
        machine = validate(document, Machine)
    except ConfigError as exc:
        return MachineFile(document.file, None, document, exc.problems, claims)
    return MachineFile(document.file, machine, document, (), claims)


class Folder:
    """``machinepath``, read again only where a file has changed.

    Not for two threads at once.
    """

    def __init__(self, path: Path, *, shown: Path | None = None) -> None:
        self.path = path
        self._shown = shown or path
        self._read: dict[str, tuple[Signature, MachineFile]] | None = None
        self._registry = Registry()

    def scan(self) -> Registry:
        """Return the machines as they stand now; the same object if nothing changed."""
        try:
            with os.scandir(self.path) as entries:
                found = {
                    entry.name: _signature(entry)
                    for entry in entries
                    if entry.name.endswith(_ENDINGS) and not entry.name.startswith(".")
                }
        except OSError as exc:
            problem = Problem(self._shown, 0, 0, "machinepath", f"cannot be read: {exc.strerror}")
            if self._registry.problems != (problem,):
                self._read, self._registry = None, Registry(problems=(problem,))
            return self._registry
        before = self._read or {}
        if self._read is not None and {name: each[0] for name, each in before.items()} == found:
            return self._registry
        self._read = {}
        for name, signature in found.items():
            if name in before and before[name][0] == signature:
                self._read[name] = before[name]
                continue
            file = read_machine(self.path / name, self._shown / _printable(name))
            if file.machine is not None or os.path.lexists(self.path / name):  # else just removed
                self._read[name] = signature, file
        after = self._read
        gone = [file for name, (_, file) in before.items() if after.get(name, _NONE)[1] is not file]
        come = [file for name, (_, file) in after.items() if before.get(name, _NONE)[1] is not file]
        amend = before and len(gone) + len(come) <= _FEW
        self._registry = (amended(self._registry, gone, come) if amend else None) or gather(
            file for _, file in after.values()
        )
        return self._registry


def _signature(entry: os.DirEntry[str]) -> Signature:
    try:
        stat = entry.stat()
    except OSError:  # a dangling link: reading it will say what is wrong
        return (0, 0, 0, 0)
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns)


def _printable(name: str) -> str:
    """Return a file name fit for messages, also one that is not UTF-8 or has line ends."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
