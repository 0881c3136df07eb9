"""How long builds of a system take, by those that came to their end. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

System: TypeAlias = tuple[str, ...]
"""What makes an installation last as long as another: see `system_of`."""

_SAYS: Final = ("os", "operatingsystem", "build_type", "preseed")
"""What of a machine's file tells which system it is installed with."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long builds of a system took, from the start of the kernel to ``done``.

    Attributes:
        builds: How many are known.
        longest: Seconds.
    """

    builds: int
    longest: float


def system_of(build_type: str, definition: str) -> System:
    """Return what a build installs, as far as it may be compared with another's.

    Args:
        build_type: That the call asked for; empty for the machine's own.
        definition: The machine's file, as JSON.
    """
    found = json.loads(definition or "{}")
    said = found if isinstance(found, dict) else {}
    return (build_type, *(str(said.get(name, "")) for name in _SAYS))


def paces(took: Iterable[tuple[System, float]]) -> Mapping[System, Pace]:
    """Return the pace of each system.

    Args:
        took: Of each build the system, and how many seconds it took.
    """
    found: dict[System, Pace] = {}
    for system, seconds in took:
        before = found.get(system, Pace(0, 0.0))
        found[system] = Pace(before.builds + 1, max(before.longest, seconds))
    return found
