"""What happened to a machine, by its boots, and why it does not go on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyxie.diagnosis.course import Stage, course, stage_of
from pyxie.diagnosis.finding import Diagnosis, Standing
from pyxie.diagnosis.saying import Said
from pyxie.events.event import Event
from pyxie.events.kinds import ImageFailed, ImageMismatch
from pyxie.http.page.badges import BAD, BUSY, OK
from pyxie.http.page.longtext import printable
from pyxie.http.page.spokentimes import Moment, ago, since

EVENTS_SHOWN: Final = 100
"""Events of a page."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a machine does not go on, or how far it is.

    Attributes:
        standing: ``well``, ``waiting``, ``stuck``.
        look: Its class.
        code: For programs.
        sentence: What it is.
        steps: What to try, the likeliest first.
        certain_by: What would make it certain; empty if it is.
        since: Since when; None where that is not known.
        remedies: What to change in another DHCP server: which, and its lines.
        evidence: The events that it rests on.
    """

    standing: str
    look: str
    code: str
    sentence: str
    steps: tuple[str, ...]
    certain_by: str
    since: Moment | None
    remedies: tuple[tuple[str, str], ...]
    evidence: tuple[Happened, ...]


_STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.WELL: OK,
    Standing.WAITING: BUSY,
    Standing.STUCK: BAD,
}


def why(
    found: Diagnosis, words: Said, remedies: Iterable[tuple[str, Iterable[str]]], now: float
) -> Why:
    """Return a diagnosis as it is shown.

    Args:
        found: The diagnosis.
        words: The same in words, with the machine's name in them.
        remedies: For each kind of server, its name and the lines to change there.
        now: Seconds since the epoch.
    """
    return Why(
        standing=str(found.standing),
        look=_STANDINGS[found.standing],
        code=found.code,
        sentence=printable(words.sentence),
        steps=tuple(map(printable, words.steps)),
        certain_by=printable(words.certain_by),
        since=since(found.since, now) if found.since is not None else None,
        remedies=tuple((server, printable("\n".join(lines))) for server, lines in remedies),
        evidence=tuple(happened(each.members(), now) for each in found.evidence),
    )


@dataclass(frozen=True, slots=True)
class Happened:
    """One event.

    Attributes:
        at: When.
        step: As of `pyxie.events.kind.Step`.
        text: In plain words.
        who: The NIC and the address that it came from, where known.
    """

    at: Moment
    step: str
    text: str
    who: str


@dataclass(frozen=True, slots=True)
class Boot:
    """What happened in one boot, and until the next.

    Attributes:
        at: When it began.
        until: When the last of it happened.
        came: How far it came, in words; empty for what happened before any boot.
        events: The oldest first.
        left_out: How many of them, the oldest, are not shown.
    """

    at: Moment
    until: Moment
    came: str
    events: tuple[Happened, ...]
    left_out: int = 0


CAME: Final[Mapping[Stage, str]] = {
    Stage.NOTHING: "",
    Stage.SILENT: "was heard, and offered nothing",
    Stage.OFFERED: "was offered a boot loader",
    Stage.CONFIRMED: "asked for its boot loader",
    Stage.LOADER: "fetched its boot loader",
    Stage.IPXE: "iPXE was offered its script",
    Stage.SCRIPT: "asked for its script",
    Stage.IMAGES: "began to fetch what it boots",
    Stage.KERNEL: "started its kernel",
    Stage.INSTALLER: "its installer ran",
}
"""How far a boot came, to go on after the machine's name."""


def boots(events: Sequence[Event], now: float) -> tuple[Boot, ...]:
    """Return a machine's events by boots, the newest boot first.

    Args:
        events: The oldest first. What is no step of a boot belongs to the one before it.
        now: Seconds since the epoch.
    """
    begins = {id(each.events[0]): each.stage for each in course(events).rounds}
    groups: list[tuple[Stage, list[Event]]] = []
    for each in events:
        stage = begins.get(id(each))
        if stage is not None or not groups:
            groups.append((stage or Stage.NOTHING, []))
        groups[-1][1].append(each)
    return tuple(_boot(stage, group, now) for stage, group in reversed(groups))


def _boot(stage: Stage, events: Sequence[Event], now: float) -> Boot:
    last = events[-EVENTS_SHOWN:]
    left = len(events) - len(last)
    rows = tuple(happened(each.members(), now) for each in last)
    came = _came(stage, events)
    return Boot(ago(events[0].at, now), ago(events[-1].at, now), came, rows, left)


def _came(stage: Stage, events: Sequence[Event]) -> str:
    """Return how far a boot came; of one that ended with a file that did not come, with which."""
    images = (each.what for each in reversed(events) if stage_of(each.what) is Stage.IMAGES)
    last = next(images, None) if stage is Stage.IMAGES else None
    if isinstance(last, ImageFailed | ImageMismatch):
        return f"could not fetch its {printable(last.part)}"
    return CAME[stage]


def happened(event: Mapping[str, Any], now: float) -> Happened:
    """Return an event, as `pyxie.events.event.Event.members` and the archive have it."""
    who = " at ".join(filter(None, (event["mac"], event["peer"])))
    return Happened(ago(event["at"], now), event["step"], event["text"], who)


@dataclass(frozen=True, slots=True)
class Past:
    """A page of what happened, as it is kept on disk.

    Attributes:
        events: The newest first.
        before: What the next page is asked for by; None behind the last.
    """

    events: tuple[Happened, ...]
    before: int | None


def past(page: Sequence[Mapping[str, Any]], now: float) -> Past:
    """Return a page of the archive; one that is full may have another behind it."""
    before = int(page[-1]["id"]) if len(page) >= EVENTS_SHOWN else None
    return Past(tuple(happened(each, now) for each in page), before)
