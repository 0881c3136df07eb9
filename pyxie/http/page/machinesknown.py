"""What the list of machines needs of each, made once for a snapshot of their files.

Of ten thousand machines a few change at a time: what is known of the others is taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from pyxie.config.nodes import Document
from pyxie.errors import Problem
from pyxie.http.page.machinesview import Known
from pyxie.registry.define import Common, type_of
from pyxie.registry.machine import Machine
from pyxie.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class KnownMachines:
    """All of a snapshot.

    Attributes:
        registry: That.
        all: Each machine, by hostname, in the order of these.
        groups: All groups and domains that machines name, sorted.
        types: The build types that there are, sorted.
    """

    registry: Registry
    all: Mapping[str, Known]
    groups: tuple[str, ...]
    types: tuple[str, ...]


NONE = KnownMachines(Registry(), MappingProxyType({}), (), ())

Take: TypeAlias = Callable[[], None]
"""Puts in force what was made."""


class MachineList:
    """Keeps what is known of the machines of now; made before they come into force.

    But not before somebody has asked for it: until then the page is not open, and pyxie may be
    about to start.

    Args:
        machines: The snapshot of now.
    """

    def __init__(self, machines: Callable[[], Registry]) -> None:
        self._machines = machines
        self._known = NONE

    def of_now(self) -> KnownMachines:
        """Return it; in a thread, for where it was not made yet it takes its time."""
        known = known_machines(self._machines(), self._known)
        self._known = known
        return known

    def preparing(self) -> Callable[[Registry], Take]:
        """Return what makes, in a thread, what is known of another snapshot."""
        before = self._known

        def prepare(registry: Registry) -> Take:
            if before is NONE:
                return lambda: None
            known = known_machines(registry, before)

            def take() -> None:
                self._known = known

            return take

        return prepare


def known_machines(registry: Registry, before: KnownMachines = NONE) -> KnownMachines:
    """Return what is known of the machines of a snapshot.

    Args:
        registry: The snapshot.
        before: What was made of an earlier one.
    """
    if registry is before.registry:
        return before
    old = before.all if _inherit_the_same(registry.shared, before.registry.shared) else {}
    found = dict(_broken(registry))
    for host, machine in registry.machines.items():
        document, broken = registry.documents[host], _first(registry.broken.get(host, ()))
        known = old.get(host)
        if known is None or known.made_of is not document or known.broken != broken:
            known = _known(machine, document, registry.shared, broken)
        found[host] = known
    ordered = {host: found[host] for host in sorted(found)}
    groups = {group for each in ordered.values() for group in each.groups}
    return KnownMachines(
        registry,
        MappingProxyType(ordered),
        tuple(sorted(groups)),
        tuple(sorted(registry.shared.types)),
    )


def _inherit_the_same(one: Common, other: Common) -> bool:
    """Tell whether the groups are those that they were: of all else nothing is shown."""
    return one.groups.keys() == other.groups.keys() and all(
        document is other.groups[name] for name, document in one.groups.items()
    )


def _known(machine: Machine, document: Document, shared: Common, broken: str) -> Known:
    domain = machine.domain or machine.hostname.partition(".")[2]
    return Known(
        host=machine.hostname,
        macs=machine.macs,
        groups=tuple(dict.fromkeys(filter(None, (*machine.groups, domain)))),
        build_type=type_of(shared, document),
        broken=broken,
        made_of=document,
    )


def _broken(registry: Registry) -> Iterator[tuple[str, Known]]:
    """Yield the machines that are not there for the mistakes of their files, one a file."""
    seen: set[Path] = {
        problem.file for host in registry.machines for problem in registry.broken.get(host, ())
    }
    # The hostname that a file has inside says more than its own name.
    names = sorted(registry.broken, key=lambda name: ("hostname", name) not in registry.claims)
    for name in names:
        problems = registry.broken[name]
        if name not in registry.machines and problems[0].file not in seen:
            seen.add(problems[0].file)
            yield name, Known(host=name, broken=_first(problems))


def _first(problems: tuple[Problem, ...]) -> str:
    return str(problems[0]) if problems else ""
