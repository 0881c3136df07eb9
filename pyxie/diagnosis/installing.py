"""Rules on installers, and on machines that come as far as that again and again. Pure."""

from __future__ import annotations

from typing import Final

from pyxie.diagnosis import patience
from pyxie.diagnosis.course import Course, Stage
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.findings import (
    InstallerSilent,
    InstallerSlow,
    Loop,
    TemplateNotGiven,
    TokenWrong,
)
from pyxie.diagnosis.situation import Situation
from pyxie.diagnosis.waited import stands
from pyxie.events.event import Event
from pyxie.events.kinds import (
    AnswerRefused,
    Booting,
    TemplateFailed,
    TemplateFetched,
    TokenRefused,
)

ROUNDS: Final = 3
"""Boots alike in a row, before that is a loop: once is a try, twice is somebody who pressed
reset."""
_LOOPS: Final = {
    Stage.CONFIRMED: "confirmed",
    Stage.SCRIPT: "script",
    Stage.IMAGES: "images",
    Stage.KERNEL: "kernel",
    Stage.INSTALLER: "installer",
}
"""Of what it may go round; earlier steps have findings of their own, with their number."""


def token(_now: Situation, course: Course) -> Diagnosis | None:
    """Did something of it come with a token that is not valid, and nothing with the right one?"""
    refused = [each for each in course.events if isinstance(each.what, TokenRefused)]
    if not refused:
        return None
    last = refused[-1]
    right = [each for each in course.events if isinstance(each.what, TemplateFetched)]
    if right and course.events.index(right[-1]) > course.events.index(last):
        return None
    assert isinstance(last.what, TokenRefused)  # noqa: S101  (so it was found)
    what = TokenWrong(path=last.what.path, peer=last.peer or "")
    return Diagnosis(what=what, since=last.at, evidence=(last,))


def loop(_now: Situation, course: Course) -> Diagnosis | None:
    """Does it begin anew again and again?"""
    name = _LOOPS.get(course.stage)
    alike = course.alike()
    if name is None or alike < ROUNDS:
        return None
    rounds = course.rounds[-alike:]
    reached = tuple(each.reached() for each in rounds)
    seconds = max(0.0, reached[-1].at - reached[0].at)
    what = Loop(stage=name, rounds=alike, seconds=seconds)
    return Diagnosis(what=what, since=reached[0].at, evidence=reached[-ROUNDS:])


def kernel(now: Situation, course: Course) -> Diagnosis | None:
    """Was the kernel started, and the installer fetches nothing?"""
    last = course.now
    if last is None or last.stage is not Stage.KERNEL:
        return None
    started = last.reached()
    if not now.templates:
        return _taking(now, started, started, "")
    what = InstallerSilent(base_url=now.service.base_url, rounds=course.alike())
    return stands(what, "kernel", started.at, patience.KERNEL, now.now, (started,))


def installer(now: Situation, course: Course) -> Diagnosis | None:
    """Does the installer come to its end?"""
    last = course.now
    if last is None or last.stage is not Stage.INSTALLER:
        return None
    match last.last.what:
        case TemplateFailed(name=name, why=why):
            what = TemplateNotGiven(name=name, why=why)
            return Diagnosis(what=what, since=last.last.at, evidence=(last.last,))
        case AnswerRefused(why=why):
            refused = TemplateNotGiven(name="answer", why=why)
            return Diagnosis(what=refused, since=last.last.at, evidence=(last.last,))
        case _:
            fetched = last.latest(TemplateFetched)
            name = (
                fetched.what.name if fetched and isinstance(fetched.what, TemplateFetched) else ""
            )
            begun = last.latest(Booting) or last.reached()
            return _taking(now, begun, last.last, name)


def _taking(now: Situation, begun: Event, last: Event, name: str) -> Diagnosis:
    """Tell whether it takes longer than this system's builds took before."""
    pace = now.pace
    usual = patience.INSTALLING if pace is None else pace.longest * patience.LONGER
    what = InstallerSlow(
        name=name,
        seconds=max(0.0, now.now - begun.at),
        longest=pace.longest if pace else 0.0,
        builds=pace.builds if pace else 0,
    )
    long = max(patience.SHORTEST, usual)
    return stands(what, "done", begun.at, long, now.now, (begun, last))
