"""What other servers have told a machine to boot, by its events and by what is known. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyxie.diagnosis.course import Course
from pyxie.diagnosis.situation import Server, Situation
from pyxie.events.datagrams import RivalOffered, TookElsewhere
from pyxie.events.event import Event

_NONE: Final = "0.0.0.0"


def taken(now: Situation, course: Course, since: float) -> tuple[Server, tuple[Event, ...]] | None:
    """Return the server whose offer a machine took, which has something to boot, and by what."""
    took = [
        each for each in course.events if isinstance(each.what, TookElsewhere) and each.at >= since
    ]
    if took:
        return _told(took[-1]), (took[-1],)
    known = next((each for each in now.servers if each.address == now.took), None)
    return (known, ()) if known is not None and known.boots else None


def rivals(now: Situation, course: Course) -> tuple[tuple[Server, ...], tuple[Event, ...]]:
    """Return the servers that have something to boot, and the last event of each that has one."""
    seen = dict(_offered(course))
    known = {each.address: each for each in now.servers if each.boots}
    for address, event in seen.items():
        known.setdefault(address, _told(event))
    return tuple(known.values()), tuple(seen.values())


def _offered(course: Course) -> Iterator[tuple[str, Event]]:
    for each in course.events:
        if isinstance(each.what, RivalOffered):
            yield each.what.server, each


def _told(event: Event) -> Server:
    """Return a server as an event tells of it."""
    what = event.what
    assert isinstance(what, RivalOffered | TookElsewhere)  # noqa: S101  (so they were found)
    took = what if isinstance(what, TookElsewhere) else None
    return Server(
        address=what.server,
        leases=took is not None,
        vendor=what.vendor_class,
        name=took.tftp_server if took else "",
        file=what.file or (took.bootfile if took else ""),
        siaddr="" if what.siaddr == _NONE else what.siaddr,
        last=event.at,
    )
