"""The machines pyxie knows: an immutable snapshot, and where it is read from.

One bad file takes out its own machine and no other. A MAC that stands in two files takes
out both: to guess would be to re-install the wrong one.
"""

from __future__ import annotations

import difflib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from pyxie.config.kinds import mac
from pyxie.config.nodes import Document, Loc, parse, read
from pyxie.config.validate import validate
from pyxie.errors import ConfigError, Problem
from pyxie.registry.machine import Machine, hostname

_ENDINGS = (".yaml", ".yml")

Signature: TypeAlias = tuple[int, int, int, int]
Claim: TypeAlias = tuple[str, str]
"""What one machine alone may have: the kind, ``hostname`` or ``MAC``, and the value."""
Place: TypeAlias = tuple[Document, Loc]


@dataclass(frozen=True, slots=True)
class MachineFile:
    """One file below ``machinepath``: a machine, or what is wrong with it."""

    path: Path
    machine: Machine | None
    document: Document | None
    problems: tuple[Problem, ...] = ()

    @property
    def stem(self) -> str:
        """The name that waitron's users put into the URL."""
        return self.path.stem.lower()

    @property
    def hostname(self) -> str | None:
        """The name inside, whatever else is wrong; None if it is no hostname."""
        data = self.document.data if self.document else None
        written = data.get("hostname") if isinstance(data, dict) else None
        try:
            return hostname(written) if isinstance(written, str) else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Registry:
    """All machines at one moment.

    Attributes:
        machines: By hostname, lower case.
        by_mac: By any NIC's address, ``52:54:00:12:34:56``.
        documents: By hostname, the file that describes it.
        aliases: File names without ending that differ from the hostname inside.
        broken: By what `find` would be asked for: why that machine cannot be used.
        files: The names of all files, sorted.
        problems: Everything that is wrong, sorted.
        claims: Where each hostname and MAC stands, in broken files too.
    """

    machines: Mapping[str, Machine] = field(default_factory=dict)
    by_mac: Mapping[str, Machine] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    claims: Mapping[Claim, tuple[Place, ...]] = field(default_factory=dict)

    def twins(self, file: MachineFile) -> tuple[Problem, ...]:
        """Return what ``file``, new or changed, would claim that is another's."""
        return tuple(
            _twin(claim, (document, loc), other)
            for claim, (document, loc) in _claimed(file)
            for other in self.claims.get(claim, ())
            if other[0].file != file.path
        )

    def find(self, name: str) -> Machine | None:
        """Return the machine of that hostname, or of the file of that name."""
        name = name.lower()
        return self.machines.get(name) or self.machines.get(self.aliases.get(name, ""))

    def why_broken(self, name: str) -> tuple[Problem, ...]:
        """Return what is wrong with that machine's file; nothing if it is not there."""
        return self.broken.get(name.lower(), ())

    def near(self, name: str) -> list[str]:
        """Return up to three hostnames that ``name`` may have been meant to be."""
        name = name.lower()
        short = [host for host in self.machines if host.split(".")[0] == name.split(".")[0]]
        close = difflib.get_close_matches(name, list(self.machines), n=3, cutoff=0.7)
        return list(dict.fromkeys([*sorted(short), *close]))[:3]


def gather(files: Iterable[MachineFile]) -> Registry:
    """Make a snapshot of ``files``; finds what only the whole can show."""
    files = sorted(files, key=lambda file: file.path)
    claims = _claims(files)
    clashes = _clashes(claims)
    machines: dict[str, Machine] = {}
    by_mac: dict[str, Machine] = {}
    documents: dict[str, Document] = {}
    aliases: dict[str, str] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for file in files:
        problems = (*file.problems, *clashes.get(file.path, ()))
        machine = file.machine
        if machine is None or file.document is None or problems:
            for name in {file.stem, file.hostname or file.stem}:
                broken[name] = (*broken.get(name, ()), *problems)
            continue
        machines[machine.hostname] = machine
        documents[machine.hostname] = file.document
        by_mac.update(dict.fromkeys(machine.macs, machine))
        if file.stem != machine.hostname:
            aliases[file.stem] = machine.hostname
    return Registry(
        machines=MappingProxyType(machines),
        by_mac=MappingProxyType(by_mac),
        documents=MappingProxyType(documents),
        aliases=MappingProxyType(aliases),
        broken=MappingProxyType(broken),
        files=tuple(file.path.name for file in files),
        problems=tuple(sorted({p for each in broken.values() for p in each})),
        claims=MappingProxyType(claims),
    )


def _claims(files: Iterable[MachineFile]) -> dict[Claim, tuple[Place, ...]]:
    found: defaultdict[Claim, tuple[Place, ...]] = defaultdict(tuple)
    for file in files:
        for claim, place in _claimed(file):
            found[claim] += (place,)
    return found


def _claimed(file: MachineFile) -> Iterator[tuple[Claim, Place]]:
    """Walk what a file lays claim to, whatever else is wrong in it."""
    if file.document is not None:
        if file.hostname is not None:
            yield ("hostname", file.hostname), (file.document, ("hostname",))
        for address, loc in _addresses(file.document):
            yield ("MAC", address), (file.document, loc)


def _clashes(claims: Mapping[Claim, tuple[Place, ...]]) -> dict[Path, list[Problem]]:
    """Find hostnames and MACs that stand twice, and name both places."""
    found: defaultdict[Path, list[Problem]] = defaultdict(list)
    for claim, places in claims.items():
        for at, place in enumerate(places if len(places) > 1 else ()):
            other = places[1] if at == 0 else places[0]
            found[place[0].file].append(_twin(claim, place, other))
    return found


def _twin(claim: Claim, place: Place, other: Place) -> Problem:
    (document, loc), (theirs, there) = place, other
    twin = theirs.problem(there, "")
    sentence = f"the {' '.join(claim)} is also at {twin.file}:{twin.line}:{twin.column}"
    return document.problem(loc, sentence)


def _addresses(document: Document) -> Iterator[tuple[str, Loc]]:
    """Walk the MACs that a file lays claim to, whatever else is wrong in it."""
    network = document.data.get("network") if isinstance(document.data, dict) else None
    for at, nic in enumerate(network if isinstance(network, list) else ()):
        written = nic.get("macaddress") if isinstance(nic, dict) else None
        if isinstance(written, str):
            with suppress(ValueError):
                yield mac(written), ("network", at, "macaddress")


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
    try:
        machine = validate(document, Machine)
    except ConfigError as exc:
        return MachineFile(document.file, None, document, exc.problems)
    return MachineFile(document.file, machine, document)


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
        self._registry = gather(file for _, file in self._read.values())
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
