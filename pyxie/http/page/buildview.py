"""A machine's builds, with what came of each and of its hooks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyxie.builds.life import Build, State
from pyxie.http.page.badges import LOOKS
from pyxie.http.page.longtext import VALUE, Text, cut, end_of
from pyxie.http.page.spokentimes import Moment, ago
from pyxie.registry.veil import without

BUILDS_SHOWN: Final = 20
"""Builds that are listed, the newest."""
HOOKS_SHOWN: Final = 50
"""Hooks of one build that are listed."""
TRANSITIONS_SHOWN: Final = 50
"""Changes of one build that are listed, the newest."""


@dataclass(frozen=True, slots=True)
class HookRow:
    """A hook, and what came of it.

    Attributes:
        at: When it became due.
        kind: ``postbuild``.
        command: Without its secrets.
        state: ``owed``, ``ok``, ``failed``, ``skipped``.
        result: In words.
        output: Its end.
    """

    at: Moment
    kind: str
    command: str
    state: str
    result: str
    output: Text


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of a build.

    Attributes:
        at: When.
        state: What it became.
        cause: Why.
        peer: Who said so; empty for pyxie itself.
    """

    at: Moment
    state: str
    cause: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRow:
    """One build.

    Attributes:
        number: The store's.
        state: As of `pyxie.builds.life.State`.
        look: Its class.
        begun, changed: When it began, and when it came into its state.
        build_type: Empty for the machine's own.
        mac: The NIC that booted; empty while that is not known.
        reason: Why it failed.
        given: What the machine was given: part, the beginning of its SHA-256, by what it was
            known to be right.
        transitions: The oldest first.
        hooks: Likewise.
        more_hooks: How many are left out.
        has_log: Its installer's log may be kept.
    """

    number: int
    state: str
    look: str
    begun: Moment
    changed: Moment
    build_type: str
    mac: str
    reason: str
    given: tuple[tuple[str, str, str], ...]
    transitions: tuple[Transition, ...]
    hooks: tuple[HookRow, ...]
    more_hooks: int
    has_log: bool


def builds(
    found: Iterable[Build],
    history: Iterable[Mapping[str, Any]],
    hooks: Iterable[Mapping[str, Any]],
    now: float,
    secrets: Collection[str] = (),
) -> tuple[BuildRow, ...]:
    """Return a machine's builds with all that came of each, the newest first.

    Args:
        found: Those to be shown, the newest first.
        history: Their changes, as `pyxie.builds.builds.Builds.history` gives them.
        hooks: As `pyxie.hooks.runner.Hooks.history` gives them.
        now: Seconds since the epoch.
        secrets: What is not to be shown of outputs.
    """
    changes: dict[int, list[Transition]] = {}
    for each in history:
        at = ago(each["at"], now)
        change = Transition(at, each["state"], each["cause"], each["peer"] or "")
        changes.setdefault(each["build"], []).append(change)
    ran: dict[int | None, list[Mapping[str, Any]]] = {}
    for each in hooks:
        ran.setdefault(each["build"], []).append(each)
    return tuple(
        _build(build, changes.get(build.number, []), ran.get(build.number, []), now, secrets)
        for build in found
    )


def _build(
    build: Build,
    changes: Sequence[Transition],
    hooks: Sequence[Mapping[str, Any]],
    now: float,
    secrets: Collection[str],
) -> BuildRow:
    last = hooks[-HOOKS_SHOWN:]
    return BuildRow(
        number=build.number,
        state=str(build.state),
        look=LOOKS[build.state],
        begun=ago(build.begun, now),
        changed=ago(build.changed, now),
        build_type=build.build_type,
        mac=build.mac or "",
        reason=build.reason,
        given=tuple((each.part, each.sha256[:12], each.verified) for each in build.given),
        transitions=tuple(changes[-TRANSITIONS_SHOWN:]),
        hooks=tuple(_hook(each, now, secrets) for each in last),
        more_hooks=len(hooks) - len(last),
        has_log=build.state is State.FAILED,
    )


def _hook(row: Mapping[str, Any], now: float, secrets: Collection[str]) -> HookRow:
    output = end_of(without(row["output"], secrets))
    command = cut(without(row["command"], secrets), VALUE)
    at = ago(row["at"], now)
    return HookRow(at, row["kind"], command, row["state"], row["result"], output)
