"""The machines pyxie knows: an immutable snapshot, made of files that were read.

One bad file takes out its own machine and no other. A MAC that stands in two files takes
out both: to guess would be to re-install the wrong one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pyxie.config.build import WhenIdle
from pyxie.config.nodes import Document, Loc
from pyxie.errors import ConfigError, Problem
from pyxie.registry.claims import Claim, Place, clashes, together, twin
from pyxie.registry.define import Common, Definition, define
from pyxie.registry.idle import when_idle
from pyxie.registry.machine import Machine
from pyxie.registry.merge import Layer
from pyxie.registry.select import Selectors, gathered, ties
from pyxie.registry.selector import Selector, selector
from pyxie.registry.systems import unknown


@dataclass(frozen=True, slots=True)
class MachineFile:
    """One file below ``machinepath``: a machine, or what is wrong with it.

    Attributes:
        path: As messages name it.
        machine: None if the file is broken.
        document: The file, if it could be parsed.
        problems: What is wrong with it.
        claims: What no other file may have, and where in it that stands.
        before: Of a broken file, as it was when it was last valid.
        stem: The name that waitron's users put into the URL.
        name: Of the file. Both are kept, for a snapshot of ten thousand is made in a moment.
    """

    path: Path
    machine: Machine | None
    document: Document | None
    problems: tuple[Problem, ...] = ()
    claims: tuple[tuple[Claim, Loc], ...] = ()
    before: MachineFile | None = None
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
        shared: What machines inherit.
        selectors: The machines that are recognised by more than their MACs; also those that
            cannot be told apart, which are not in ``machines``.
        blind: MACs, or a `match`, may be missing: the folder, or a file that was never good,
            cannot be read.
    """

    machines: Mapping[str, Machine] = field(default_factory=dict)
    by_mac: Mapping[str, Machine] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    claims: Mapping[Claim, tuple[Place, ...]] = field(default_factory=dict)
    shared: Common = field(default_factory=Common)
    selectors: Selectors = field(default_factory=Selectors)
    blind: bool = False

    def define(
        self,
        machine: Machine,
        build_type: str | None = None,
        body: Document | None = None,
        *,
        beneath: bool = False,
    ) -> Definition:
        """Return ``machine`` with all that it inherits; see `pyxie.registry.define`.

        Raises:
            UnknownTypeError: There is no such build type.
            ConfigError: The body is wrong, or takes a NIC of another machine.
        """
        own = self.documents[machine.hostname]
        found = define(self.shared, own, build_type, body, beneath=beneath)
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

    def when_idle(self, host: str) -> WhenIdle:
        """Return what a machine hears while it is not in build mode; nothing, if it is not here."""
        own = self.documents.get(host)
        return when_idle(self.shared, own) if own is not None else "silent"

    def objections(self, file: MachineFile) -> tuple[Problem, ...]:
        """Return what ``file``, new or changed, would claim or name that it cannot have."""
        if file.document is None:
            return ()
        twins = (
            twin(claim, (file.document, loc), other)
            for claim, loc in file.claims
            for other in self.claims.get(claim, ())
            if other[0].file != file.path
        )
        return (*twins, *self._rivals(file), *_dangling(file, self.shared))

    def _rivals(self, file: MachineFile) -> Iterator[Problem]:
        machine, document = file.machine, file.document
        if machine is None or document is None or machine.match is None:
            return
        for rival in self.selectors.rivals(selector(machine.hostname, machine.match)):
            if rival.host in self.documents:
                yield _tied(document, self.documents[rival.host])

    def __contains__(self, host: str) -> bool:
        return host in self.machines

    def host_of(self, mac: str) -> str | None:
        """Return the hostname of the machine with that NIC."""
        machine = self.by_mac.get(mac)
        return machine.hostname if machine is not None else None

    def claimed(self, mac: str) -> bool:
        """Tell whether that MAC stands in a file, even in one with mistakes."""
        return ("MAC", mac) in self.claims

    def macs(self) -> Iterator[str]:
        """Yield every MAC that stands in a file, even in one with mistakes."""
        return (value for kind, value in self.claims if kind == "MAC")

    def find(self, name: str) -> Machine | None:
        """Return the machine of that hostname, or of the file of that name."""
        name = name.lower()
        return self.machines.get(name) or self.machines.get(self.aliases.get(name, ""))

    def hostname_of(self, name: str) -> str:
        """Return the hostname that ``name`` means: a machine's, a file's, or itself."""
        found = self.find(name)
        return found.hostname if found else name.lower()

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
        shared: What they inherit; None if that is not known, and so not looked into.
        more: Problems with what is shared.
    """
    files = sorted(files, key=lambda file: file.name)  # all of one folder
    claims = together((file.document, file.claims) for file in files)
    twice = clashes(claims)
    selectors = _selectors(files, twice)
    machines: dict[str, Machine] = {}
    by_mac: dict[str, Machine] = {}
    documents: dict[str, Document] = {}
    aliases: dict[str, str] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for file in files:
        problems = (
            *file.problems,
            *twice.get(file.path, ()),
            *(_dangling(file, shared) if shared else ()),
        )
        if problems:
            for name in {file.stem, file.hostname or file.stem}:
                broken[name] = (*broken.get(name, ()), *problems)
        # A mistake changes nothing: what was good stays, though no new build begins of it.
        good = file if file.machine else file.before
        if good is None or file.path in twice or good.machine is None or good.document is None:
            continue
        machine = good.machine
        if machine.hostname in machines:
            continue  # its name was taken over meanwhile
        machines[machine.hostname] = machine
        documents[machine.hostname] = good.document
        for address in machine.macs:
            by_mac.setdefault(address, machine)
        if file.stem != machine.hostname:
            aliases[file.stem] = machine.hostname
    wrong = {p for each in broken.values() for p in each} | set(more)
    return Registry(
        machines=MappingProxyType(machines),
        by_mac=MappingProxyType(by_mac),
        documents=MappingProxyType(documents),
        aliases=MappingProxyType(aliases),
        broken=MappingProxyType(broken),
        files=tuple(file.name for file in files),
        problems=tuple(sorted(wrong)),
        claims=MappingProxyType(claims),
        shared=shared or Common(),
        selectors=selectors,
        blind=any(_may_hide(file) for file in files),
    )


def _selectors(files: Iterable[MachineFile], twice: dict[Path, list[Problem]]) -> Selectors:
    """Return how machines are recognised; who cannot be told apart is added to ``twice``."""
    made: dict[int, tuple[Selector, Document]] = {}
    for file in files:
        good = file if file.machine else file.before
        if good and good.machine and good.machine.match and good.document:
            each = selector(good.machine.hostname, good.machine.match)
            made[id(each)] = each, good.document
    for each, other in ties(each for each, _ in made.values()):
        mine, theirs = made[id(each)][1], made[id(other)][1]
        for here, there in ((mine, theirs), (theirs, mine)):
            twice.setdefault(here.file, []).append(_tied(here, there))
    return gathered(each for each, _ in made.values())


def _tied(document: Document, other: Document) -> Problem:
    where = other.problem(("match",), "")
    there = f"{where.file}:{where.line}:{where.column}"
    sentence = f"fits machines that {there} fits as well, and neither is the more specific"
    return document.problem(("match",), sentence)


def _may_hide(file: MachineFile) -> bool:
    """Tell whether a file that cannot be read may say something of machines."""
    if file.machine is not None or file.before is not None:
        return False
    data = file.document.data if file.document else None
    return file.document is None or (isinstance(data, dict) and "match" in data)


def _dangling(file: MachineFile, shared: Common) -> tuple[Problem, ...]:
    """Find groups, a build type and a system that a sound file names and that are not there."""
    document = file.document
    if file.machine is None or document is None or not isinstance(document.data, dict):
        return ()
    if not document.data.keys() & {"groups", "build_type"}:
        if "os" not in document.data:
            return ()
        return tuple(unknown(Layer("machine", document), shared.cookbook))
    try:
        define(shared, document)
    except ConfigError as exc:
        return exc.problems
    return ()
