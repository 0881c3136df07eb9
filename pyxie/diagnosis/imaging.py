"""Rules on kernels and initrds, until the kernel runs. Pure."""

from __future__ import annotations

from pyxie.diagnosis import patience
from pyxie.diagnosis.chainloading import fault
from pyxie.diagnosis.course import Course, Round, Stage, stage_of
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.findings import ImageNotFetched, ImageStalled, ImageWrong, KernelUnstarted
from pyxie.diagnosis.situation import Situation
from pyxie.diagnosis.waited import stands
from pyxie.events.datagrams import SentOverTftp
from pyxie.events.event import Event
from pyxie.events.kinds import (
    ImageFailed,
    ImageFetching,
    ImageMismatch,
    ImageProgress,
    ImageWaiting,
)


def images(now: Situation, course: Course) -> Diagnosis | None:
    """Does it fetch kernel and initrds?"""
    last = course.now
    if last is None or last.stage is not Stage.IMAGES:
        return None
    wrong = last.latest(ImageFailed, ImageMismatch)
    if wrong is not None and not _came_after(last, wrong):
        return _failed(last, wrong)
    if isinstance(last.last.what, SentOverTftp):  # GRUB fetches so
        started = KernelUnstarted(secure_boot=now.secure_boot)
        return stands(started, "start", last.last.at, patience.START, now.now, (last.last,))
    broken = fault(last, last.latest(SentOverTftp))
    if broken is not None and stage_of(broken.evidence[-1].what) is Stage.IMAGES:
        return broken
    fetched = last.latest(ImageFetching, ImageWaiting)
    if fetched is None:
        return stands(
            KernelUnstarted(secure_boot=now.secure_boot),
            "image",
            last.last.at,
            patience.IMAGE,
            now.now,
            (last.last,),
        )
    return _under_way(now, last, fetched)


def _came_after(last: Round, wrong: Event) -> bool:
    """Tell whether that very image came later all the same."""
    assert isinstance(wrong.what, ImageFailed | ImageMismatch)  # noqa: S101
    later = last.events[last.events.index(wrong) + 1 :]
    return any(
        isinstance(each.what, ImageFetching) and each.what.part == wrong.what.part for each in later
    )


def _failed(last: Round, wrong: Event) -> Diagnosis:
    what = wrong.what
    if isinstance(what, ImageMismatch):
        found = ImageWrong(part=what.part, source=what.source, by=what.by)
        return Diagnosis(what=found, since=wrong.at, evidence=(wrong,))
    assert isinstance(what, ImageFailed)  # noqa: S101  (of the two)
    same = [
        each
        for each in last.all(ImageFailed)
        if isinstance(each.what, ImageFailed) and each.what.part == what.part
    ]
    failed = ImageNotFetched(part=what.part, source=what.source, why=what.why, times=len(same))
    return Diagnosis(what=failed, since=same[0].at, evidence=(wrong,))


def _under_way(now: Situation, last: Round, fetched: Event) -> Diagnosis:
    """Tell whether what is on its way comes on."""
    what = fetched.what
    if isinstance(what, ImageWaiting):
        stalled = ImageStalled(part=what.part, source=what.source, seconds=what.seconds)
        return stands(stalled, "upstream", fetched.at, what.seconds, now.now, (fetched,))
    assert isinstance(what, ImageFetching)  # noqa: S101  (of the two)
    moving = now.moving if now.moving is not None and now.moving.at >= fetched.at else None
    since = moving.at if moving is not None else last.last.at
    seen = (fetched,) if moving is None else (fetched, moving)
    sign = moving.what if moving is not None else None
    unfinished = (
        isinstance(sign, ImageProgress)
        and sign.part == what.part
        and (sign.total is None or sign.sent < sign.total)
    )
    if unfinished:
        stalled = ImageStalled(
            part=what.part, source=what.source or "", seconds=max(0.0, now.now - since)
        )
        return stands(stalled, "image", since, patience.IMAGE, now.now, seen)
    started = KernelUnstarted(secure_boot=now.secure_boot)
    return stands(started, "start", since, patience.START, now.now, seen)
