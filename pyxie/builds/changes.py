"""What is to be stored of builds that have changed, many at once.

Each statement takes a thread's turn, and in a storm that is milliseconds: fifty machines that came
to their installer had a hundred statements written, and each waited a second for its answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pyxie.builds.life import ACTIVE, Build, State
from pyxie.config.build import Hook


@dataclass(frozen=True, slots=True)
class Change:
    """A state that a build has come into, to be stored.

    Attributes:
        build: As it is now.
        cause: What brought it there.
        peer: Who asked for it.
        hooks: Those to run.
        log: The end of the installer's log.
    """

    build: Build
    cause: str
    peer: str | None
    hooks: tuple[Hook, ...] = ()
    log: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """A build of which is known what its machine was given, as it is now."""

    build: Build


@dataclass(slots=True)
class Collated:
    """What comes of several changes.

    Attributes:
        taken: Those that count, in their order: each is a step of its build's history.
        columns: Of each build, by its number, what is new.
    """

    taken: list[Change] = field(default_factory=list)
    columns: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def ended(self) -> list[int]:
        """The builds that have come to an end."""
        return [each.build.number for each in self.taken if not each.build.active]

    @property
    def rows(self) -> list[list[dict[str, Any]]]:
        """What is new, each build's with its ``number``, those of the same columns together."""
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for number, columns in self.columns.items():
            alike.setdefault(tuple(sorted(columns)), []).append({"number": number, **columns})
        return list(alike.values())


def collate(states: Mapping[int, State], changes: Iterable[Change | Noted]) -> Collated:
    """Return what is to be stored.

    Args:
        states: Of the builds, as they are stored; without those that are forgotten.
        changes: In their order.
    """
    found, states = Collated(), dict(states)
    for each in changes:
        build = each.build
        columns: dict[str, Any] = {"digests": digests(build)}
        if isinstance(each, Change):
            if not _follows(states.get(build.number), build):
                continue
            found.taken.append(each)
            states[build.number] = build.state
            columns |= {"state": str(build.state), "changed": build.changed}
            columns |= {"mac": build.mac, "reason": build.reason}
            if each.log:
                columns["log"] = each.log.replace("\0", "\ufffd")  # PostgreSQL takes none
        found.columns.setdefault(build.number, {}).update(columns)
    return found


def _follows(before: State | None, build: Build) -> bool:
    """Tell whether a state is news: not of one that is replaced or forgotten, or is stored already.

    What ends a build was accepted, though another has begun while that was stored.
    """
    return before in ACTIVE or (before is State.REPLACED and not build.active)


def digests(build: Build) -> str | None:
    """Return what a build's machine was given, as JSON; None if nothing."""
    return json.dumps([asdict(each) for each in build.given]) if build.given else None
