"""Rules on who a machine is, and whether it is to boot from the network at all. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pyxie.builds.life import Build, State
from pyxie.diagnosis.course import Course, Stage, stage_of
from pyxie.diagnosis.finding import Diagnosis, Finding
from pyxie.diagnosis.findings import (
    AmbiguousMachine,
    BuildFailed,
    ContestedMachine,
    FileBroken,
    FilesUnreadable,
    Installed,
    NoSystem,
    NotInBuildMode,
    StillNetbooting,
    UnknownMachine,
    UnknownServed,
)
from pyxie.diagnosis.situation import Situation
from pyxie.events.datagrams import SentOn
from pyxie.events.event import Event
from pyxie.events.kinds import ScriptSentOn
from pyxie.recognition.recognise import (
    Ambiguous,
    Broken,
    Contested,
    Known,
    Mode,
    Policy,
    Unknown,
    Unreadable,
)

AGAIN: Final = 3
"""Times that an installed machine asks before that is a fault; that it asks once at each start is
the boot order, and it goes on to its disk."""
WITHIN: Final = 1800.0
"""Seconds within which they count."""
_ONE_BOOT: Final = 30.0
"""Seconds in which a machine that is sent on asks by all that it boots from the network by."""


def place(now: Situation, course: Course) -> Diagnosis | None:
    """Is it known at all, and by a file that is in order?"""
    problems = tuple(map(str, now.problems))
    match now.client:
        case Broken():
            return _told(FileBroken(problems=problems), course)
        case Unreadable():
            return _told(FilesUnreadable(problems=problems), course)
        case Ambiguous(host):
            return _told(AmbiguousMachine(host=host, problems=problems), course)
        case Contested(host, mac):
            return _told(ContestedMachine(host=host, mac=mac), course)
        case Unknown(Policy.IGNORE | Policy.LOCAL):
            mac = now.macs[0] if now.macs else ""
            seen = course.stage is not Stage.NOTHING
            return _told(UnknownMachine(mac=mac, seen=seen, near=now.near), course)
        case Known(mode=Mode.IDLE) if problems:
            return _told(FileBroken(problems=problems), course)
        case _:
            return None


def served(now: Situation, course: Course) -> Diagnosis | None:
    """Is it one that no file knows, and that boots what the settings say all the same?"""
    if isinstance(now.client, Unknown):
        mac = now.macs[0] if now.macs else ""
        return _told(UnknownServed(mac=mac, policy=str(now.client.policy)), course)
    return None


def mode(now: Situation, course: Course) -> Diagnosis | None:
    """Is it in build mode?"""
    if not isinstance(now.client, Known) or now.client.mode is Mode.IN_BUILD:
        return None
    host, build = now.client.host, now.client.build
    match build:
        case Build(state=State.INSTALLED):
            return _installed(now, course, host, build)
        case Build(state=State.FAILED, reason=reason, changed=at):
            ended = tuple(each for each in course.events if each.code == "build.changed")[-1:]
            return Diagnosis(what=BuildFailed(host=host, reason=reason), since=at, evidence=ended)
        case Build(state=State.CANCELLED, changed=at):
            seen = any(
                stage_of(each.what) is Stage.SILENT for each in course.events if each.at >= at
            )
            return _told(NotInBuildMode(host=host, seen=seen, cancelled=True), course)
        case _:
            seen = course.stage is not Stage.NOTHING
            if not now.system:
                return _told(NoSystem(host=host, seen=seen), course)
            return _told(NotInBuildMode(host=host, seen=seen, cancelled=False), course)


def _installed(now: Situation, course: Course, host: str, build: Build) -> Diagnosis:
    """Tell whether an installed machine asks too often; its events are those since."""
    asks = list(
        _boots(
            each
            for round_ in course.rounds
            for each in round_.events
            if round_.stage <= Stage.SCRIPT and each.at >= build.changed
        )
    )
    lately = [each for each in asks if now.now - each.at <= WITHIN]
    if len(lately) >= AGAIN:
        seconds = lately[-1].at - lately[0].at
        what = StillNetbooting(host=host, asks=len(lately), seconds=seconds)
        return Diagnosis(what=what, since=lately[0].at, evidence=_few(lately))
    return Diagnosis(
        what=Installed(host=host, asks=len(asks)), since=build.changed, evidence=_few(asks)
    )


def _boots(events: Iterable[Event]) -> Iterator[Event]:
    """Leave out what a machine that is sent on has asked in the same boot.

    UEFI asks twice, and again by its next network option.
    """
    last = float("-inf")
    for each in events:
        if not isinstance(each.what, SentOn | ScriptSentOn) or each.at - last > _ONE_BOOT:
            yield each
            last = each.at


def _few(events: list[Event]) -> tuple[Event, ...]:
    return tuple(events[-AGAIN:])


def _told(what: Finding, course: Course) -> Diagnosis:
    """Return it with what its machine said last, if it has said something."""
    last = course.now.last if course.now else None
    evidence = (last,) if last is not None else ()
    return Diagnosis(what=what, since=last.at if last else None, evidence=evidence)
