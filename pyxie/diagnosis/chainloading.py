"""Rules on boot loaders, and on iPXE until it has its script. Pure."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from pyxie.diagnosis import patience
from pyxie.diagnosis.course import Course, Round, Stage
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.findings import (
    ImagesUnasked,
    IpxeWithoutHttp,
    LimitHit,
    LoaderBrokenOff,
    LoaderMissing,
    LoaderSilent,
    OtherOffer,
    ScriptUnreached,
    ScriptWasRefused,
)
from pyxie.diagnosis.rivals import taken
from pyxie.diagnosis.situation import Situation
from pyxie.diagnosis.waited import stands
from pyxie.events.datagrams import (
    AbortedByClient,
    BrokenOff,
    MissingOverTftp,
    Offered,
    RefusedOverTftp,
    SentOverTftp,
    TimedOutOverTftp,
)
from pyxie.events.event import Event
from pyxie.events.kinds import (
    BootApiSilent,
    LoaderOverHttp,
    ScriptFailed,
    ScriptRefused,
)

_LIMITS: Final = ("too many", "busy")
"""What TFTP says to who is one too many."""
_WANTED_THE_SIZE: Final = 8
"""TFTP's error by which firmware breaks off once it knows a file's size (RFC 2347)."""


def loader(now: Situation, course: Course) -> Diagnosis | None:
    """Did it fetch a boot loader, and what came of that?"""
    last = course.now
    if last is None or last.stage is not Stage.LOADER:
        return None
    sent = last.latest(SentOverTftp, LoaderOverHttp)
    broken = fault(last, sent)
    if broken is not None:
        return broken
    offer = last.latest(Offered)
    offered = offer.what if offer and isinstance(offer.what, Offered) else None
    architecture = offered.architecture if offered else ""
    name = _name(sent or last.last)
    what = LoaderSilent(
        name=name,
        architecture=architecture,
        uefi="UEFI" in architecture or name.lower().endswith(".efi"),
        secure_boot=now.secure_boot,
        why_not=_why_not_grub(offered.why_not) if offered else "",
        rounds=course.alike(),
    )
    moved = now.moving.at if now.moving is not None else 0.0
    since = max(last.last.at, moved)
    shown = [each for each in (offer, sent or last.last) if each is not None]
    return stands(what, "loader", since, patience.LOADER, now.now, shown)


def fault(last: Round, sent: Event | None) -> Diagnosis | None:
    """Return what is wrong with a transfer, unless the file came after all.

    Args:
        last: The boot.
        sent: What it has got last.
    """
    kinds = (MissingOverTftp, RefusedOverTftp, BrokenOff, TimedOutOverTftp, AbortedByClient)
    wrong = last.latest(*kinds)
    if wrong is None or (sent is not None and last.events.index(sent) > last.events.index(wrong)):
        return None
    what: LoaderMissing | LoaderBrokenOff | LimitHit
    match wrong.what:
        case MissingOverTftp(name=name, why=why) if sent is None:
            what = LoaderMissing(name=name, why=why)
        case RefusedOverTftp(name=name, why=why):
            limited = any(word in why for word in _LIMITS)
            what = (
                LimitHit(limit="tftp", detail=why) if limited else LoaderMissing(name=name, why=why)
            )
        case TimedOutOverTftp() as fell:
            long = fell.blksize if fell.block == 1 and fell.blksize > 512 else 0
            what = LoaderBrokenOff(
                name=fell.name,
                received=fell.received,
                total=fell.total,
                blksize=long,
                why=fell.network,
            )
        case BrokenOff() as ours:
            what = LoaderBrokenOff(
                name=ours.name, received=ours.received, total=ours.total, blksize=0, why=ours.why
            )
        case AbortedByClient(error=error) as theirs if error != _WANTED_THE_SIZE:
            what = LoaderBrokenOff(
                name=theirs.name,
                received=theirs.received,
                total=theirs.total,
                blksize=0,
                why=theirs.message,
            )
        case _:
            return None
    return Diagnosis(what=what, since=wrong.at, evidence=(wrong,))


def _why_not_grub(told: str) -> str:
    """Return why Debian's signed GRUB was not handed out, of all that was told of an offer."""
    lanes = dict(each.split(": ", 1) for each in told.split(", ") if ": " in each)
    return lanes.get("grub", "")


def _name(event: Event) -> str:
    match event.what:
        case SentOverTftp(name=name) | LoaderOverHttp(name=name) | AbortedByClient(name=name):
            return name.rpartition("/")[2]
        case _:  # it was a fault, which is told before
            return ""  # pragma: no cover


def ipxe(now: Situation, course: Course) -> Diagnosis | None:
    """Was iPXE offered its script, and did not fetch it?"""
    last = course.now
    if last is None or last.stage is not Stage.IPXE:
        return None
    reached, offer = last.reached(), last.latest(Offered)
    offered = offer.what if offer is not None and isinstance(offer.what, Offered) else None
    url = offered.what if offered is not None and offered.script else ""
    if offer is not None and offered is not None and url and offered.lacking:
        handed = [each for each in last.all(Offered) if _is_better(each)]
        better = handed[-1].what if handed else None
        loader = better.what if isinstance(better, Offered) else ""
        what = IpxeWithoutHttp(lacking=offered.lacking, loader=loader)
        return Diagnosis(what=what, since=offer.at, evidence=(*handed[-1:], offer))
    since = reached.at
    took = taken(now, course, since)
    unreached: OtherOffer | ScriptUnreached
    unreached = ScriptUnreached(url=url, rounds=course.alike())
    if took is not None:
        unreached = OtherOffer(server=took[0])
    shown = (reached if offer is None or not url else offer, *(took[1] if took is not None else ()))
    return stands(unreached, "ipxe", since, patience.LEASE, now.now, shown)


def _is_better(event: Event) -> bool:
    """Tell whether an iPXE that lacks something was handed another."""
    what = event.what
    return isinstance(what, Offered) and bool(what.lacking) and not what.script


def script(now: Situation, course: Course) -> Diagnosis | None:
    """Did it ask for its script, and what came of that?"""
    last = course.now
    if last is None or last.stage is not Stage.SCRIPT:
        return None
    match last.last.what:
        case ScriptRefused(why=why) | ScriptFailed(why=why):
            what = ScriptWasRefused(why=why)
            return Diagnosis(what=what, since=_alike_since(last), evidence=(last.last,))
        case BootApiSilent(why=why):
            silent = ScriptWasRefused(why=f"the boot API {why}")
            return Diagnosis(what=silent, since=_alike_since(last), evidence=(last.last,))
        case _:
            return stands(
                ImagesUnasked(), "script", last.last.at, patience.SCRIPT, now.now, (last.last,)
            )


def _alike_since(last: Round) -> float:
    """Return since when each try of a boot ended as its last: an iPXE tries again by itself."""
    alike = takewhile(lambda each: each.what == last.last.what, reversed(last.events))
    return min(each.at for each in alike)
