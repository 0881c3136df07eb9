"""The machines pyxie knows: an immutable snapshot, made of files that were read.

One bad file takes out its own machine and no other. A MAC that stands in two files takes
out both: to guess would be to re-install the wrong one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pyxie.config.nodes import Document, Loc
from pyxie.errors import Problem
from pyxie.registry.claims import Claim, Place, clashes, together, twin
from pyxie.registry.machine import Machine


@dataclass(frozen=True, slots=True)
class MachineFile:
    """One file below ``machinepath``: a machine, or what is wrong with it.

    Attributes:
        path: As messages name it.
        machine: None if the file is broken.
        document: The file, if it could be parsed.
        problems: What is wrong with it.
        claims: What nobody else may have, and where in it that stands.
        stem: The name that waitron's users put into the URL.
        name: Of the file. Both are kept, for a snapshot of ten thousand is made in a moment.
    """

    path: Path
    machine: Machine | None
    document: Document | None
    problems: tuple[Problem, ...] = ()
    claims: tuple[tuple[Claim, Loc], ...] = ()
    stem: str = field(init=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stem", self.path.stem.lower())
        object.__setattr__(self, "name", self.path.name)

    @property
    def hostname(self) -> str | None:
        """The name inside, whatever else is wrong; None if it is no hostname."""
        return next((name for (kind, name), _ in self.claims if kind == "hostname"), None)


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
        if file.document is None:
            return ()
        return tuple(
            twin(claim, (file.document, loc), other)
            for claim, loc in file.claims
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
    files = sorted(files, key=lambda file: file.name)  # all of one folder
    claims = together((file.document, file.claims) for file in files)
    twice = clashes(claims)
    machines: dict[str, Machine] = {}
    by_mac: dict[str, Machine] = {}
    documents: dict[str, Document] = {}
    aliases: dict[str, str] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for file in files:
        problems = (*file.problems, *twice.get(file.path, ()))
        machine = file.machine
        if machine is None or file.document is None or problems:
            for name in {file.stem, file.hostname or file.stem}:
                broken[name] = (*broken.get(name, ()), *problems)
            continue
        machines[machine.hostname] = machine
        documents[machine.hostname] = file.document
        for address in machine.macs:
            by_mac[address] = machine
        if file.stem != machine.hostname:
            aliases[file.stem] = machine.hostname
    return Registry(
        machines=MappingProxyType(machines),
        by_mac=MappingProxyType(by_mac),
        documents=MappingProxyType(documents),
        aliases=MappingProxyType(aliases),
        broken=MappingProxyType(broken),
        files=tuple(file.name for file in files),
        problems=tuple(sorted({p for each in broken.values() for p in each})),
        claims=MappingProxyType(claims),
    )
