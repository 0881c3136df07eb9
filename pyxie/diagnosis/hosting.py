"""Rules on pyxie and its host: what stands in every machine's way. Pure."""

from __future__ import annotations

from typing import Final

from pyxie.diagnosis.course import Course, Stage
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.findings import ClockWrong, DhcpOff, DiskFull, NoInterface, Observing
from pyxie.diagnosis.situation import Situation
from pyxie.events.datagrams import Offered
from pyxie.events.event import Event
from pyxie.events.kinds import ImageFailed

AHEAD: Final = 60.0
"""Seconds that an event may be in the future: the clock is set by so little at any time."""
_OF_THE_CLOCK: Final = ("not yet valid", "has expired", "was valid until", "is not valid before")
"""What fetches say where this host's time, or the other server's certificate, is wrong."""
_OF_THE_DISK: Final = ("disk is full", "no space left")


def clock(now: Situation, course: Course) -> Diagnosis | None:
    """Is this host's clock wrong?"""
    made = now.service.made
    if now.now < made:
        return Diagnosis(what=ClockWrong(how="early", seconds=made - now.now))
    future = max((each.at for each in course.events), default=now.now) - now.now
    if future > AHEAD:
        latest = tuple(each for each in course.events if each.at - now.now > AHEAD)
        return Diagnosis(what=ClockWrong(how="back", seconds=future), evidence=latest[-1:])
    failed = _image_failed(course, _OF_THE_CLOCK)
    if failed is not None:
        what = ClockWrong(how="certificate", why=_why(failed))
        return Diagnosis(what=what, since=failed.at, evidence=(failed,))
    return None


def disk(now: Situation, course: Course) -> Diagnosis | None:
    """Is a disk of this host full?"""
    failed = _image_failed(course, _OF_THE_DISK)
    if failed is not None:
        problems = (*now.service.disk, failed.text)
        return Diagnosis(what=DiskFull(problems=problems), since=failed.at, evidence=(failed,))
    if now.service.disk and course.stage is Stage.IMAGES:
        seen = (course.now.last,) if course.now else ()
        return Diagnosis(what=DiskFull(problems=now.service.disk), evidence=seen)
    return None


def _image_failed(course: Course, words: tuple[str, ...]) -> Event | None:
    """Return the last failure of the last boot, if that came no farther and is of ``words``."""
    failed = course.now.latest(ImageFailed) if course.now else None
    if failed is None or course.stage is not Stage.IMAGES:
        return None
    return failed if any(word in _why(failed).lower() for word in words) else None


def _why(failed: Event) -> str:
    assert isinstance(failed.what, ImageFailed)  # noqa: S101  (so it was found)
    return failed.what.why


def silent(now: Situation, course: Course) -> Diagnosis | None:
    """Does pyxie answer DHCP at all?"""
    if now.service.dhcp == "off":
        return Diagnosis(what=DhcpOff())
    if not now.service.interfaces:
        return Diagnosis(what=NoInterface())
    if now.service.dhcp == "observe":
        last = course.now.latest(Offered) if course.now else None
        would = (last,) if last is not None else ()
        return Diagnosis(what=Observing(), since=last.at if last else None, evidence=would)
    return None
