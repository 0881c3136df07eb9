"""A snapshot of the machines to the next one, where a few files changed among thousands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeVar

from pyxie.registry.registry import MachineFile, Registry

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
    machines, documents = _copy(registry.machines), _copy(registry.documents)
    by_mac, aliases = _copy(registry.by_mac), _copy(registry.aliases)
    claims = _copy(registry.claims)
    staying = {file.machine.hostname for file in come if file.machine}
    for file in gone:
        assert file.machine is not None  # noqa: S101  (see _touches_others)
        for claim, _ in file.claims:
            if len(claims.get(claim, ())) != 1:
                return None
            del claims[claim]
        for address in file.machine.macs:
            by_mac.pop(address, None)
        aliases.pop(file.stem, None)
        if file.machine.hostname not in staying:  # or it would lose its place in the order
            del machines[file.machine.hostname], documents[file.machine.hostname]
    for file in come:
        machine, document = file.machine, file.document
        assert machine is not None and document is not None  # noqa: S101, PT018
        for claim, loc in file.claims:
            if claim in claims:
                return None
            claims[claim] = ((document, loc),)
        machines[machine.hostname] = machine
        documents[machine.hostname] = document
        by_mac.update(dict.fromkeys(machine.macs, machine))
        if file.stem != machine.hostname:
            if file.stem in aliases:
                return None
            aliases[file.stem] = machine.hostname
    names = {file.name for file in gone}, {file.name for file in come}
    files = registry.files
    if names[0] != names[1]:
        files = tuple(sorted((set(files) - names[0]) | names[1]))
    return replace(
        registry,
        machines=MappingProxyType(machines),
        documents=MappingProxyType(documents),
        by_mac=MappingProxyType(by_mac),
        aliases=MappingProxyType(aliases),
        claims=MappingProxyType(claims),
        files=files,
    )


def _copy(mapping: Mapping[K, V]) -> dict[K, V]:
    # A proxy's own copy() is the dict's, which does not go through the keys one by one.
    return mapping.copy() if isinstance(mapping, MappingProxyType) else dict(mapping)


def _touches_others(file: MachineFile, registry: Registry) -> bool:
    machine, document = file.machine, file.document
    if machine is None or document is None or file.problems:
        return True
    if isinstance(document.data, dict) and document.data.keys() & _NAMES_OTHERS:
        return True
    if registry.broken and {file.stem, machine.hostname} & registry.broken.keys():
        return True
    # An alias that two files give, web.yaml and web.yml, is not one's alone to take away.
    return file.stem != machine.hostname and any(
        name != file.name and name.lower().rpartition(".")[0] == file.stem
        for name in registry.files
    )
