"""A snapshot of the machines to the next one, where a few files changed among thousands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeVar

from pyxie.registry.merge import Layer
from pyxie.registry.registry import MachineFile, Registry
from pyxie.registry.selector import selector
from pyxie.registry.systems import unknown

_NAMES_OTHERS: Final = frozenset(("groups", "build_type"))
"""Keys by which a file can be wrong although all in it is right."""


K = TypeVar("K")
V = TypeVar("V")


def amended(
    registry: Registry, gone: Collection[MachineFile], come: Collection[MachineFile]
) -> Registry | None:
    """Return ``registry`` without the files ``gone`` and with those that have ``come``.

    None if that may touch others, as a mistake or a MAC that stands twice does: then
    `pyxie.registry.registry.gather` has to look at all files.
    """
    if any(_touches_others(file, registry) for file in (*gone, *come)):
        return None
    tables = _Tables(registry)
    staying = {file.machine.hostname for file in come if file.machine}
    alone = all(tables.take(file, staying) for file in gone)
    if not alone or not all(tables.put(file) for file in come):
        return None
    selectors = registry.selectors
    matched = [file.machine for file in come if file.machine and file.machine.match]
    if selectors or matched:
        amended_selectors = selectors.amended(
            (file.machine.hostname for file in gone if file.machine),
            (selector(each.hostname, each.match) for each in matched if each.match),
        )
        if amended_selectors is None:
            return None
        selectors = amended_selectors
    before, after = {file.name for file in gone}, {file.name for file in come}
    files = registry.files
    if before != after:
        files = tuple(sorted((set(files) - before) | after))
    return replace(
        registry,
        machines=MappingProxyType(tables.machines),
        documents=MappingProxyType(tables.documents),
        by_mac=MappingProxyType(tables.by_mac),
        aliases=MappingProxyType(tables.aliases),
        claims=MappingProxyType(tables.claims),
        selectors=selectors,
        files=files,
    )


class _Tables:
    """Copies of a snapshot's mappings, to be changed before they are frozen."""

    def __init__(self, registry: Registry) -> None:
        self.machines = _copy(registry.machines)
        self.documents = _copy(registry.documents)
        self.by_mac = _copy(registry.by_mac)
        self.aliases = _copy(registry.aliases)
        self.claims = _copy(registry.claims)

    def take(self, file: MachineFile, staying: set[str]) -> bool:
        """Take a file out; False if what it claims is also another's."""
        assert file.machine is not None  # noqa: S101  (see _touches_others)
        for claim, _ in file.claims:
            if len(self.claims.get(claim, ())) != 1:
                return False
            del self.claims[claim]
        for address in file.machine.macs:
            self.by_mac.pop(address, None)
        if file.stem != file.machine.hostname:  # else that alias is another file's
            self.aliases.pop(file.stem, None)
        if file.machine.hostname not in staying:  # or it would lose its place in the order
            del self.machines[file.machine.hostname], self.documents[file.machine.hostname]
        return True

    def put(self, file: MachineFile) -> bool:
        """Put a file in; False if what it claims is another's already."""
        machine, document = file.machine, file.document
        assert machine is not None and document is not None  # noqa: S101, PT018
        for claim, loc in file.claims:
            if claim in self.claims:
                return False
            self.claims[claim] = ((document, loc),)
        self.machines[machine.hostname] = machine
        self.documents[machine.hostname] = document
        self.by_mac.update(dict.fromkeys(machine.macs, machine))
        if file.stem == machine.hostname:
            return True
        if file.stem in self.aliases:
            return False
        self.aliases[file.stem] = machine.hostname
        return True


def _copy(mapping: Mapping[K, V]) -> dict[K, V]:
    # A proxy's own copy() is the dict's, which does not go through the keys one by one.
    return mapping.copy() if isinstance(mapping, MappingProxyType) else dict(mapping)


def _touches_others(file: MachineFile, registry: Registry) -> bool:
    machine, document = file.machine, file.document
    if machine is None or document is None or file.problems:
        return True
    if isinstance(document.data, dict) and document.data.keys() & _NAMES_OTHERS:
        return True
    if any(unknown(Layer("machine", document), registry.shared.cookbook)):
        return True
    if registry.broken and {file.stem, machine.hostname} & registry.broken.keys():
        return True
    # An alias that two files give, web.yaml and web.yml, is not one's alone to take away.
    return file.stem != machine.hostname and any(
        name != file.name and name.lower().rpartition(".")[0] == file.stem
        for name in registry.files
    )
