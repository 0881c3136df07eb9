"""Rules on what comes before a boot loader: nothing heard, silence, offers not taken. Pure."""

from __future__ import annotations

from typing import Final

from pyxie.builds.life import Build
from pyxie.dhcp.sightings import Sighting
from pyxie.diagnosis import patience
from pyxie.diagnosis.course import Course, Round, Stage
from pyxie.diagnosis.finding import Diagnosis
from pyxie.diagnosis.findings import (
    AnswerLost,
    AnswerUnsent,
    LimitHit,
    NeverSeen,
    OfferUnused,
    OtherOffer,
    PlainDhcp,
    Port4011,
    Refused,
    TftpUnreached,
    TwoServers,
)
from pyxie.diagnosis.makers import virtual
from pyxie.diagnosis.rivals import rivals, taken
from pyxie.diagnosis.situation import Situation
from pyxie.diagnosis.waited import stands
from pyxie.events.datagrams import AnswerNotSent, NotAnswered, Offered
from pyxie.events.event import Event
from pyxie.recognition.recognise import Known

_RETRIES: Final = 3
"""Times that one DISCOVER is answered before that is more than a client that gathers offers."""
_PLAIN: Final = 600.0
"""Seconds for which a DISCOVER without a network boot's options tells something."""
_LIMITS: Final = {"limited": "limits.dhcp_per_mac", "crowded": "dhcp_strangers"}


def absent(now: Situation, course: Course) -> Diagnosis | None:
    """Was nothing of it heard?"""
    if course.stage is not Stage.NOTHING or not isinstance(now.client, Known):
        return None
    begun = now.client.build.begun if isinstance(now.client.build, Build) else now.now
    plain = max((each.plain for each in now.sightings if each.plain is not None), default=None)
    if plain is not None and plain >= begun and now.now - plain <= _PLAIN:
        return Diagnosis(what=PlainDhcp(), since=plain)
    machine = next(filter(None, map(virtual, now.macs)), "")
    long = patience.POWER_ON_VM if machine else patience.POWER_ON
    heard = now.service.heard
    what = NeverSeen(
        macs=now.macs,
        seconds=max(0.0, now.now - begun),
        virtual=machine,
        others=heard is not None and heard >= begun,
        interfaces=now.service.interfaces,
    )
    begin = tuple(each for each in course.events if each.code == "build.changed")[-1:]
    return stands(what, "discover", begun, long, now.now, begin)


def unanswered(_now: Situation, course: Course) -> Diagnosis | None:
    """Was it heard, and is not answered?"""
    last = course.now
    if last is None or last.stage is not Stage.SILENT:
        return None
    match last.last.what:
        case NotAnswered(reason="not-in-build" | "unknown-machine" | "contested"):
            return None  # of before: it is by now what `belonging` has let pass
        case NotAnswered(reason=reason, detail=detail) if reason in _LIMITS:
            limit = LimitHit(limit=_LIMITS[reason], detail=detail)
            return Diagnosis(what=limit, since=last.last.at, evidence=(last.last,))
        case NotAnswered(reason=reason, detail=detail):
            what = Refused(reason=reason, detail=detail)
            return Diagnosis(what=what, since=last.events[0].at, evidence=(last.last,))
        case AnswerNotSent(to=to, error=error):
            unsent = AnswerUnsent(to=to, error=error)
            return Diagnosis(what=unsent, since=last.last.at, evidence=(last.last,))
        case _:
            return None


def offered(now: Situation, course: Course) -> Diagnosis | None:
    """Was it offered something that it did not take?"""
    last = course.now
    if last is None or last.stage is not Stage.OFFERED:
        return None
    offer = last.last.what
    assert isinstance(offer, Offered)  # noqa: S101  (of that stage is nothing else)
    limited = _limited(now, last)
    if limited is not None:
        return limited
    since = last.events[0].at
    took = taken(now, course, since)
    theirs, offers = rivals(now, course)
    again = max(now.sightings, key=lambda each: each.offers, default=Sighting())
    what: OtherOffer | TwoServers | AnswerLost | Port4011 | OfferUnused
    seen: tuple[Event, ...] = ()
    if took is not None:
        what, seen = OtherOffer(server=took[0]), took[1]
    elif theirs:
        what, seen = TwoServers(servers=theirs), offers[-_RETRIES:]
    elif again.offers >= _RETRIES and not now.took:
        leases = any(each.leases for each in now.servers)
        what = AnswerLost(times=again.offers, seconds=again.last - again.first, leases=leases)
    elif now.took and offer.client == "PXE" and "UEFI" in offer.architecture:
        what = Port4011()
    else:
        what = OfferUnused(what=offer.what, client=offer.client, port=now.service.port)
    shown = (*last.all(Offered)[-_RETRIES:], *seen)
    return stands(what, "offer", since, patience.OFFER, now.now, shown)


def _limited(now: Situation, last: Round) -> Diagnosis | None:
    """Tell whether it asks more often than it may, after it was answered."""
    times = [each.limited for each in now.sightings if each.limited is not None]
    if not times or max(times) < last.last.at:
        return None
    what = LimitHit(limit=_LIMITS["limited"], detail="")
    return Diagnosis(what=what, since=max(times), evidence=(last.last,))


def confirmed(now: Situation, course: Course) -> Diagnosis | None:
    """Did it ask on port 4011, and then for no file?"""
    last = course.now
    if last is None or last.stage is not Stage.CONFIRMED:
        return None
    since = last.last.at
    if now.moving is not None and now.moving.at >= since:
        since = now.moving.at
    return stands(
        TftpUnreached(), "confirmed", since, patience.CONFIRMED, now.now, last.all(Offered)[-2:]
    )
