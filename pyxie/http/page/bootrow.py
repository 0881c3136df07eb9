"""One boot, as a row: its machine, its track, and why it stands still. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from pyxie.builds.life import Build
from pyxie.diagnosis.course import Course
from pyxie.diagnosis.english import said
from pyxie.diagnosis.finding import Diagnosis, Standing
from pyxie.events.english import amount
from pyxie.events.event import Event
from pyxie.events.kinds import BuildAdvised
from pyxie.http.page.badges import BAD, BUSY, IDLE, LOOKS, OK
from pyxie.http.page.commandline import command
from pyxie.http.page.longtext import printable
from pyxie.http.page.spokentimes import Moment, ago, since
from pyxie.http.page.track import Mark, Step, track


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a boot.

    Attributes:
        mac: The NIC; empty where only the machine is known.
        way: The machine's boots; of a build, those since it began.
        host: Its hostname, if it has one.
        path: Its screen among the waiting machines; empty of one that is not there.
        gets: The system that somebody has it boot by hand; empty for none.
        build: Its build; None of a boot by hand, or of an unknown machine.
        moving: The last sign of a long transfer.
        found: Its diagnosis; None where none was made.
    """

    mac: str
    way: Course
    host: str | None = None
    path: str = ""
    gets: str = ""
    build: Build | None = None
    moving: Event | None = None
    found: Diagnosis | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.host or self.mac


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of the track.

    Attributes:
        name: Of the step, or of the file under way.
        look: The class of the stylesheet.
        how: How it stands, for who does not see its colour.
        amount: How much of its file the machine has, in words; empty where nothing is under way.
        percent: The same of a hundred; None where that is not known.
    """

    name: str
    look: str
    how: str
    amount: str = ""
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a boot stands still.

    Attributes:
        sentence: What was found.
        since: For how long it is so; None where that is not known.
        next: What to try first; empty for nothing.
        more: What to try after that.
        certain_by: What would make it certain; empty if it is.
        command: Says all of it, with the events it rests on.
    """

    sentence: str
    since: Moment | None
    next: str
    more: tuple[str, ...]
    certain_by: str
    command: str


@dataclass(frozen=True, slots=True)
class BootRow:
    """A boot.

    Attributes:
        id: Of its element.
        name: Of the machine.
        path: The screen of the machine, or of one that waits; empty of one that has neither.
        state: Of its build, or what else it is.
        look: The class of that state.
        what: What it is installed with, or boots by hand, where that was said.
        begun: For how long its build goes on; None without one, and once it has ended.
        ended: When that was; None of one that goes on.
        steps: Of its track.
        at: The one that it is at.
        since: For how long it is there; None where nothing was heard of it.
        trouble: Why it stands still; None if it does not.
        advice: What was said of its build when it began, that it will hardly do what is wanted.
    """

    id: str
    name: str
    path: str
    state: str
    look: str
    what: str
    begun: Moment | None
    ended: Moment | None
    steps: tuple[ShownStep, ...]
    at: ShownStep
    since: Moment | None
    trouble: Trouble | None
    advice: tuple[str, ...]


def boot_row(seen: Seen, now: float) -> BootRow:
    """Return what is shown of a boot.

    Args:
        seen: What is known of it.
        now: Seconds since the epoch.
    """
    build, found = seen.build, seen.found
    is_over = build is not None and not build.active
    stuck = stands_still(found) and not is_over
    way = track(seen.way, build, seen.moving, stuck=stuck)
    state, look = _state(build, way.at)
    return BootRow(
        id=boot_id(seen.name),
        name=seen.name,
        path=machine_path(seen.host) if seen.host is not None else seen.path,
        state=state,
        look=look,
        what=build.build_type if build is not None else seen.gets,
        begun=since(build.begun, now) if build is not None and not is_over else None,
        ended=ago(build.changed, now) if build is not None and is_over else None,
        steps=tuple(map(_shown, way.steps)),
        at=_shown(way.at),
        since=since(way.since, now) if way.since is not None else None,
        trouble=_trouble(seen, found, now) if found is not None and stuck else None,
        advice=advice_of(seen.way) if build is not None and build.active else (),
    )


def advice_of(way: Course) -> tuple[str, ...]:
    """Return what was advised when a build began, and is of weight until it has ended."""
    return tuple(
        printable(each.what.advice) for each in way.events if isinstance(each.what, BuildAdvised)
    )


def stands_still(found: Diagnosis | None) -> bool:
    """Tell whether a boot that has not ended does not go on by itself."""
    return found is not None and found.standing is Standing.STUCK


def boot_id(name: str) -> str:
    """Return the ``id`` of a boot's element: of any name one, and fit for a selector.

    Args:
        name: A hostname, or a MAC address.
    """
    kept = (each if each.isascii() and each.isalnum() else f"-{ord(each):x}-" for each in name)
    return f"boot-{''.join(kept)}"


def machine_path(host: str) -> str:
    """Return where the screen of a machine is."""
    return f"/page/machines/{quote(host, safe='')}"


_LOOKS: Final = {
    Mark.DONE: (OK, "done"),
    Mark.NOW: (BUSY, "under way"),
    Mark.STUCK: (BAD, "stands still"),
    Mark.ENDED: (IDLE, "ended here"),
    Mark.AHEAD: (IDLE, "to come"),
    Mark.PASSED: ("is-passed", "not needed"),
}


def _shown(step: Step) -> ShownStep:
    look, how = _LOOKS[step.mark]
    said_of = ""
    if step.sent is not None:
        of = f" of {amount(step.total)}" if step.total else ""
        said_of = f"{amount(step.sent)}{of}"
    return ShownStep(step.part or step.name, look, how, said_of, step.percent)


def _state(build: Build | None, at: Step) -> tuple[str, str]:
    if build is not None:
        return str(build.state), LOOKS[build.state]
    return ("started", OK) if at.mark is Mark.DONE else ("booting", BUSY)


def _trouble(seen: Seen, found: Diagnosis, now: float) -> Trouble:
    words = said(found.what).of(seen.host)
    how = command("why", seen.name)
    first, *more = (_BELOW.sub(f"lines are told by `{how}`", each) for each in words.steps or ("",))
    return Trouble(
        sentence=printable(words.sentence),
        since=since(found.since, now) if found.since is not None else None,
        next=printable(first),
        more=tuple(map(printable, more)),
        certain_by=words.certain_by,
        command=how,
    )


_BELOW: Final = re.compile("lines are below")
"""So says what is printed with what to change in another server."""
