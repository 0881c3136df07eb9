"""Which machines are meant, by names, patterns and groups."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter

from pyxie.registry.glob import matches
from pyxie.registry.machine import Machine

_PATTERN = re.compile(r"[\w.*?-]*[*?][\w.*?-]*")


def is_pattern(name: str) -> bool:
    """Tell whether a name stands for all hostnames that fit it, by ``*`` and ``?``."""
    return _PATTERN.fullmatch(name) is not None


def is_in(machine: Machine, group: str) -> bool:
    """Tell whether a machine is in a group, or in a domain, of that name."""
    domain = machine.domain or machine.hostname.partition(".")[2]
    return group.lower() in (domain.lower(), *map(str.lower, machine.groups))


def chosen(
    machines: Iterable[Machine], names: Sequence[str], group: str = "", *, everything: bool = False
) -> tuple[list[str], list[str]]:
    """Return the machines that are meant, each once, and what means none.

    Args:
        machines: All that there are.
        names: Hostnames, or patterns with ``*`` and ``?``.
        group: All of that group are meant too.
        everything: All are meant.

    Returns:
        Hostnames in the order of ``names``, then sorted; a name that is no pattern stands as it
        is, for the caller to say that there is no such machine. Patterns, or the group, that fit
        none.
    """
    # Sorted only where all are gone through: a call for one machine takes as long in any site.
    ordered: Sequence[Machine] = ()
    if group or everything or any(map(is_pattern, names)):
        ordered = sorted(machines, key=attrgetter("hostname"))
    found: dict[str, None] = {}
    missing: list[str] = []

    def take(hosts: Collection[str], what: str) -> None:
        found.update(dict.fromkeys(hosts))
        if not hosts:
            missing.append(what)

    for name in names:
        if is_pattern(name):
            take([each.hostname for each in ordered if matches(name, each.hostname)], name)
        else:
            found[name.lower()] = None
    if group:
        take([each.hostname for each in ordered if is_in(each, group)], group)
    if everything:
        take([each.hostname for each in ordered], "*")
    return list(found), missing
