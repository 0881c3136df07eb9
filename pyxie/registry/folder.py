"""``machinepath`` and ``grouppath`` as they stand: read, and read again where they changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from pyxie.config.build import Group
from pyxie.config.nodes import Document, parse, read
from pyxie.config.validate import slimmed, validate
from pyxie.errors import ConfigError, Problem
from pyxie.registry.amend import amended
from pyxie.registry.claims import claims_of
from pyxie.registry.define import Common
from pyxie.registry.machine import Machine
from pyxie.registry.registry import MachineFile, Registry, gather

_ENDINGS = (".yaml", ".yml")
_FEW = 100
"""Changed files up to which a snapshot is made of the one before."""

_NONE = (None, None)

Signature: TypeAlias = tuple[int, int, int, int, bool]
F = TypeVar("F")
_Read: TypeAlias = dict[str, tuple[Signature, F]]


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
        machine = slimmed(validate(document, Machine))
        for nic in machine.network:
            slimmed(nic)
    except ConfigError as exc:
        return MachineFile(document.file, None, document, exc.problems, claims)
    return MachineFile(document.file, machine, document, (), claims)


@dataclass(frozen=True, slots=True)
class GroupFile:
    """One file below ``grouppath``; of a broken one, as it was when it was last valid."""

    document: Document | None
    problems: tuple[Problem, ...] = ()


def read_group(path: Path, shown: Path) -> GroupFile:
    """Read one group; as `read_machine`."""
    try:
        document = read(path, shown=shown, tolerant=True)
        validate(document, Group)
    except ConfigError as exc:
        return GroupFile(None, exc.problems)
    return GroupFile(document)


class Folder:
    """``machinepath`` and ``grouppath``, read again only where a file has changed.

    Not for two threads at once.

    Args:
        path: The machines.
        shown: How messages name it.
        shared: What the settings give to all machines; None if that is not known.
        groups: The groups' folder; it need not be there.
    """

    def __init__(
        self,
        path: Path,
        *,
        shown: Path | None = None,
        shared: Common | None = None,
        groups: Path | None = None,
        groups_shown: Path | None = None,
    ) -> None:
        self.path = path
        self._shown = shown or path
        self._shared = shared
        self._groups = groups
        self._groups_shown = groups_shown or groups
        self._read: _Read[MachineFile] | None = None
        self._read_groups: _Read[GroupFile] = {}
        self._registry = Registry(shared=shared or Common())
        self._of = self._shared
        """What the snapshot's machines inherit."""

    @property
    def registry(self) -> Registry:
        """The machines as they were last read."""
        return self._registry

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the files are."""
        return (self.path,) if self._groups is None else (self.path, self._groups)

    @property
    def linked(self) -> bool:
        """Whether a file that was last seen can be changed by a name in another folder."""
        files = (*(self._read or {}).values(), *self._read_groups.values())
        return self._read is None or any(signature[4] for signature, _ in files)

    def share(self, shared: Common, groups: Path | None) -> None:
        """Have all machines inherit something else, from the next scan on.

        A copy of this (`copy.copy`) can be told so, and be scanned, while this one stays as it is.
        """
        self._shared = shared
        if groups != self._groups:
            self._groups = self._groups_shown = groups
            self._read_groups = {}

    def scan(self) -> Registry:
        """Return the machines as they stand now; the same object if nothing changed."""
        groups = self._scan_groups()
        try:
            found = _signatures(self.path)
        except OSError as exc:
            problem = Problem(self._shown, 0, 0, "machinepath", f"cannot be read: {exc.strerror}")
            if self._registry.problems != (problem,) or self._of is not self._shared:
                shared = self._registry.shared
                if self._shared is not None and self._of is not self._shared:
                    shared = replace(self._shared, groups=shared.groups)
                self._read, self._of = None, self._shared
                self._registry = Registry(problems=(problem,), shared=shared, blind=True)
            return self._registry
        before = self._read or {}
        unchanged = self._read is not None and _same(before, found)
        inherits_the_same = groups is self._read_groups and self._of is self._shared
        if unchanged and inherits_the_same:
            return self._registry
        self._read = {}
        for name, signature in found.items():
            old = before.get(name)
            if old and old[0] == signature:
                self._read[name] = old
                continue
            file = read_machine(self.path / name, self._shown / _printable(name))
            if file.machine is None and old:
                file = replace(file, before=old[1] if old[1].machine else old[1].before)
            if file.machine is not None or os.path.lexists(self.path / name):  # else just removed
                self._read[name] = signature, file
        after = self._read
        gone = [file for name, (_, file) in before.items() if after.get(name, _NONE)[1] is not file]
        come = [file for name, (_, file) in after.items() if before.get(name, _NONE)[1] is not file]
        if before and inherits_the_same and len(gone) + len(come) <= _FEW:
            registry = amended(self._registry, gone, come)
            if registry is not None:
                self._registry = registry
                return registry
        self._read_groups, self._of = groups, self._shared
        documents = {
            Path(name).stem.lower(): group.document
            for name, (_, group) in sorted(groups.items())
            if group.document is not None
        }
        self._registry = gather(
            (file for _, file in self._read.values()),
            replace(self._shared, groups=MappingProxyType(documents)) if self._shared else None,
            (problem for _, group in groups.values() for problem in group.problems),
        )
        return self._registry

    def _scan_groups(self) -> _Read[GroupFile]:
        """Return the groups as they stand now; the same object if nothing changed."""
        if self._groups is None or self._groups_shown is None:
            return self._read_groups
        try:
            found = _signatures(self._groups)
        except OSError:
            found = {}  # a missing group is reported at the machine that names it
        before = self._read_groups
        if _same(before, found):
            return before
        after: _Read[GroupFile] = {}
        for name, signature in found.items():
            old = before.get(name)
            if old and old[0] == signature:
                after[name] = old
                continue
            group = read_group(self._groups / name, self._groups_shown / _printable(name))
            if group.document is None and old:
                group = replace(group, document=old[1].document)
            after[name] = signature, group
        return after


def _signatures(folder: Path) -> dict[str, Signature]:
    with os.scandir(folder) as entries:
        return {
            entry.name: _signature(entry)
            for entry in entries
            if entry.name.endswith(_ENDINGS) and not entry.name.startswith(".")
        }


def _same(before: Mapping[str, tuple[Signature, object]], found: dict[str, Signature]) -> bool:
    return {name: each[0] for name, each in before.items()} == found


def _signature(entry: os.DirEntry[str]) -> Signature:
    try:
        stat = entry.stat()
    except OSError:  # a dangling link: reading it will say what is wrong
        return (0, 0, 0, 0, True)
    linked = stat.st_nlink > 1 or entry.is_symlink()
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns, linked)


def _printable(name: str) -> str:
    """Return a file name fit for messages, also one that is not UTF-8 or has line ends."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
