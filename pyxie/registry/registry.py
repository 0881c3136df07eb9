"""The machines pyxie knows: an immutable snapshot, made of files that were read.

One bad file takes out its own machine and no other. A MAC that stands in two files takes
out both: to guess would be to re-install the wrong one.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pyxie.config.kinds import mac
from pyxie.config.nodes import Document, Loc
from pyxie.errors import ConfigError, Problem
from pyxie.registry.define import Common, Definition, define
from pyxie.registry.machine import Machine, hostname


@dataclass(frozen=True, slots=True)
class MachineFile:
    """One file below ``machinepath``: a machine, or what is wrong with it.

    Attributes:
        path: As messages name it.
        machine: None if the file is broken.
        document: The file with marks, if it could be parsed.
        problems: What is wrong.
        before: Of a broken file, as it was when it was last good.
    """

    path: Path
    machine: Machine | None
    document: Document | None
    problems: tuple[Problem, ...] = ()
    before: MachineFile | None = None

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
        claimed: MACs that stand in broken files, and the name that file goes by.
        shared: What machines inherit.
    """

    machines: Mapping[str, Machine] = field(default_factory=dict)
    by_mac: Mapping[str, Machine] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    claimed: Mapping[str, str] = field(default_factory=dict)
    shared: Common = field(default_factory=Common)

    def define(
        self, machine: Machine, build_type: str | None = None, body: Document | None = None
    ) -> Definition:
        """Return ``machine`` with all that it inherits; see `pyxie.registry.define`.

        Raises:
            UnknownTypeError: There is no such build type.
            ConfigError: The body is wrong, or takes a NIC of another machine.
        """
        own = self.documents[machine.hostname]
        found = define(self.shared, own, build_type, body)
        taken = [
            found.merged.place(("network", at, "macaddress"))
            for at, nic in enumerate(found.machine.network)
            if nic.macaddress
            and self.by_mac.get(nic.macaddress, machine).hostname != machine.hostname
        ]
        if taken:
            sentence = "this MAC is another machine's"
            raise ConfigError([place.problem(sentence) for place in taken if place])
        return found

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


def gather(
    files: Iterable[MachineFile], shared: Common | None = None, more: Iterable[Problem] = ()
) -> Registry:
    """Make a snapshot of ``files``; finds what only the whole can show.

    Args:
        files: Of the machines.
        shared: What they inherit.
        more: Problems with what is shared.
    """
    shared = shared or Common()
    files = sorted(files, key=lambda file: file.path)
    clashes = _clashes(files)
    machines: dict[str, Machine] = {}
    by_mac: dict[str, Machine] = {}
    documents: dict[str, Document] = {}
    aliases: dict[str, str] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    claimed: dict[str, str] = {}
    for file in files:
        problems = (*file.problems, *clashes.get(file.path, ()), *_dangling(file, shared))
        if problems:
            for name in {file.stem, file.hostname or file.stem}:
                broken[name] = (*broken.get(name, ()), *problems)
            for address, _ in _addresses(file.document) if file.document else ():
                claimed.setdefault(address, file.hostname or file.stem)
        # A mistake changes nothing: what was good stays, though no new build begins of it.
        good = file if file.machine else file.before
        if good is None or file.path in clashes or good.machine is None or good.document is None:
            continue
        machine = good.machine
        if machine.hostname in machines:
            continue  # its name was taken over meanwhile
        machines[machine.hostname] = machine
        documents[machine.hostname] = good.document
        by_mac.update({each: machine for each in machine.macs if each not in by_mac})
        if file.stem != machine.hostname:
            aliases[file.stem] = machine.hostname
    wrong = {p for each in broken.values() for p in each} | set(more)
    return Registry(
        machines=MappingProxyType(machines),
        by_mac=MappingProxyType(by_mac),
        documents=MappingProxyType(documents),
        aliases=MappingProxyType(aliases),
        broken=MappingProxyType(broken),
        files=tuple(file.path.name for file in files),
        problems=tuple(sorted(wrong)),
        claimed=MappingProxyType(claimed),
        shared=shared,
    )


def _dangling(file: MachineFile, shared: Common) -> tuple[Problem, ...]:
    """Find groups and a build type that a sound file names and that are not there."""
    document = file.document
    if file.machine is None or document is None or not isinstance(document.data, dict):
        return ()
    if not document.data.keys() & {"groups", "build_type"}:
        return ()
    try:
        define(shared, document)
    except ConfigError as exc:
        return exc.problems
    return ()


def _clashes(files: Iterable[MachineFile]) -> dict[Path, list[Problem]]:
    """Find hostnames and MACs that stand twice, and name both places."""
    seen: defaultdict[tuple[str, str], list[tuple[Document, Loc]]] = defaultdict(list)
    for file in files:
        if file.document is not None:
            if file.hostname is not None:
                seen["hostname", file.hostname].append((file.document, ("hostname",)))
            for address, loc in _addresses(file.document):
                seen["MAC", address].append((file.document, loc))
    found: defaultdict[Path, list[Problem]] = defaultdict(list)
    for (what, value), places in seen.items():
        for at, (document, loc) in enumerate(places if len(places) > 1 else ()):
            other, there = places[1] if at == 0 else places[0]
            twin = other.problem(there, "")
            sentence = f"the {what} {value} is also at {twin.file}:{twin.line}:{twin.column}"
            found[document.file].append(document.problem(loc, sentence))
    return found


def _addresses(document: Document) -> Iterator[tuple[str, Loc]]:
    """Walk the MACs that a file lays claim to, whatever else is wrong in it."""
    network = document.data.get("network") if isinstance(document.data, dict) else None
    for at, nic in enumerate(network if isinstance(network, list) else ()):
        written = nic.get("macaddress") if isinstance(nic, dict) else None
        if isinstance(written, str):
            with suppress(ValueError):
                yield mac(written), ("network", at, "macaddress")
