"""What is asked before several machines are built, or their builds or files ended; and told after.

Pure. What is lost is said of each machine before anything is done, and counted; what could not be
found out is said, too, and then it is not done.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from pyxie.access.scope import Scope
from pyxie.builds.life import Build, State
from pyxie.diagnosis.saying import span
from pyxie.http.page.commandline import Value, command
from pyxie.http.page.machineswanted import PATH, Filter
from pyxie.registry.glob import is_exact
from pyxie.wiping.forecast import Answer, Forecast
from pyxie.wiping.verdict import EVERY_DISK


class Action(StrEnum):
    """What can be done with several machines."""

    BUILD = "build"
    CANCEL = "cancel"
    DONE = "done"
    REMOVE = "remove"

    @property
    def needs(self) -> Scope:
        """What one has to be allowed to for it."""
        return Scope.ADMIN if self is Action.REMOVE else Scope.BUILD

    @property
    def does(self) -> str:
        """What its button says."""
        return _DOES[self]


_DOES: Final = {
    Action.BUILD: "Build",
    Action.CANCEL: "Cancel the build of",
    Action.DONE: "Mark as installed",
    Action.REMOVE: "Remove",
}
_DONE: Final = {
    Action.BUILD: "in build mode",
    Action.CANCEL: "out of build mode",
    Action.DONE: "installed",
    Action.REMOVE: "removed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A machine that was chosen, and what was found out of it.

    Attributes:
        host: Its hostname.
        groups: Those that it names, and its domain.
        build: Its newest build.
        problem: Why nothing can be done with it; empty where something can.
        forecast: What a build would wipe; None where that was not found out.
        sentences: That in words, to go on after the hostname.
        advice: What will hardly be wanted of a build; each a sentence with its place.
        file: The name of its file.
        lines: How long that is.
        sealed: What ties a press to all this; empty where nothing is to be pressed.
    """

    host: str
    groups: tuple[str, ...] = ()
    build: Build | None = None
    problem: str = ""
    forecast: Forecast | None = None
    sentences: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    file: str = ""
    lines: int = 0
    sealed: str = ""

    @property
    def active(self) -> bool:
        """Whether it is in build mode."""
        return self.build is not None and self.build.active


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who was chosen, and what for.

    Attributes:
        action: What is to be done.
        hosts: Each machine that is meant.
        fitting: What they fit, where all that do are meant; None where each was chosen.
        build_type: By which they are to be built; empty for each machine's own.
        query: What the list is asked for that they were chosen in, as a URL has it; with a ``?``.
    """

    action: Action
    hosts: tuple[str, ...]
    fitting: Filter | None = None
    build_type: str = ""
    query: str = ""

    @property
    def back(self) -> str:
        """Where that list is."""
        return PATH + self.query


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A machine of a review.

    Attributes:
        host: Its hostname.
        url: Of its screen.
        groups: As of `Foreseen`.
        lost: What is lost; each a few words, to go on after the hostname.
        unclear: What may be.
        harmless: What is said where nothing is.
        refused: Why it is left out; empty where it is not.
        sealed: As of `Foreseen`.
    """

    host: str
    url: str
    groups: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    refused: str = ""
    sealed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is asked.

    Attributes:
        chosen: Who, and what for.
        title: The question.
        button: What its button says.
        summary: What is lost in all, and what is not known; each a sentence.
        rows: Those that it is done to.
        again: Those that are in build mode already, to be built anew only where that is said.
        replacing: What is lost in all of those, as ``summary``.
        left: Those that it is not done to.
        beyond: How many were chosen beyond as many as are looked at in one go.
        command: What does the same; a line for each call.
        types: The build types that there are.
    """

    chosen: Chosen
    title: str
    button: str
    summary: tuple[str, ...]
    rows: tuple[Row, ...]
    again: tuple[Row, ...]
    replacing: tuple[str, ...]
    left: tuple[Row, ...]
    beyond: int
    command: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a machine.

    Attributes:
        host: Its hostname.
        refused: Why nothing was done; empty where something was.
        advice: What will hardly be wanted of what was done; each a sentence.
    """

    host: str
    refused: str = ""
    advice: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Of its screen."""
        return _url(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of all.

    Attributes:
        action: What was to be done.
        back: Where the list is that they were chosen in.
        title: How many it was done to.
        refused: Those that it was not done to.
        done: Those that it was done to.
    """

    action: Action
    back: str
    title: str
    refused: tuple[Outcome, ...]
    done: tuple[Outcome, ...]


def first_of(
    chosen: Sequence[str], active: Container[str], action: Action, most: int
) -> tuple[tuple[str, ...], int]:
    """Return those that are looked at in one go, and how many others there are.

    Those come first with whom it can be done. So the same again is done to the next.

    Args:
        chosen: Hostnames, in order.
        active: Those that are in build mode.
        action: What is to be done.
        most: How many are looked at.
    """
    ends = action in (Action.CANCEL, Action.DONE)
    ordered = sorted(chosen, key=lambda host: (host in active) is not ends)
    return tuple(ordered[:most]), max(0, len(ordered) - most)


def review(
    chosen: Chosen,
    foreseen: Sequence[Foreseen],
    now: float,
    *,
    beyond: int = 0,
    types: Sequence[str] = (),
) -> Review:
    """Return what is asked before it is done.

    Args:
        chosen: Who was chosen, and what for.
        foreseen: What was found out of each.
        now: Seconds since the epoch.
        beyond: How many more were chosen, of whom nothing was.
        types: The build types that there are.
    """
    made = [(each, _row(chosen.action, each, now)) for each in foreseen]
    builds = chosen.action is Action.BUILD
    to_do = [pair for pair in made if not pair[1].refused]
    first = [pair for pair in to_do if not (builds and pair[0].active)]
    again = [pair for pair in to_do if builds and pair[0].active]
    done = {each.host for each, _ in first or again}
    kept_out = {each.host for each in foreseen if each.host not in done} if done else ()
    what = f"{chosen.action.does} {machines(len(first))}"
    if again and not first:
        what = f"Replace the builds of {machines(len(again))}"
    return Review(
        chosen=chosen,
        title=f"{what}?",
        button=what,
        summary=tuple(_summary(each for each, _ in first)),
        rows=tuple(row for _, row in first),
        again=tuple(row for _, row in again),
        replacing=tuple(_summary(each for each, _ in again)),
        left=tuple(row for _, row in made if row.refused),
        beyond=beyond,
        command=in_a_shell(_without(chosen, kept_out), replace=bool(again) and not first),
        types=tuple(types),
    )


def result(action: Action, outcomes: Sequence[Outcome], query: str = "") -> Result:
    """Return what is told after it was done; ``query`` as of `Chosen`."""
    done = tuple(each for each in outcomes if not each.refused)
    what = f"{machines(len(done))} {'is' if len(done) == 1 else 'are'} {_DONE[action]}"
    refused = tuple(each for each in outcomes if each.refused)
    return Result(action=action, back=PATH + query, title=what, refused=refused, done=done)


def machines(count: int) -> str:
    """Write how many machines there are."""
    return "1 machine" if count == 1 else f"{count:,} machines"


def _without(chosen: Chosen, hosts: Container[str]) -> Chosen:
    return dataclasses.replace(
        chosen, hosts=tuple(each for each in chosen.hosts if each not in hosts)
    )


def in_a_shell(chosen: Chosen, *, replace: bool = False) -> str:
    """Return what does the same on the command line; a line for each call.

    Args:
        chosen: Who was chosen, and what for.
        replace: Builds of machines that are in build mode are replaced.
    """
    action, fitting = chosen.action, chosen.fitting
    if action is Action.REMOVE:
        return "\n".join(command(str(action), host) for host in chosen.hosts)
    told: dict[str, Value] = {}
    if action is Action.BUILD:
        told = {"type": chosen.build_type, "replace": replace}
    if fitting is None or fitting.state or fitting.build_type:
        return command(str(action), *chosen.hosts, **told)
    if fitting.everything:
        return command(str(action), **told, all=True)
    if fitting.group and not fitting.name:
        return command(str(action), **told, group=fitting.group)
    if not fitting.group and not is_exact(fitting.name):
        return command(str(action), fitting.name, **told)
    return command(str(action), *chosen.hosts, **told)


def _row(action: Action, of: Foreseen, now: float) -> Row:
    refused = of.problem or _why_not(action, of)
    return Row(
        host=of.host,
        url=_url(of.host),
        groups=of.groups,
        refused=refused,
        sealed="" if refused else of.sealed,
        **({} if refused else _told(action, of, now)),
    )


def _why_not(action: Action, of: Foreseen) -> str:
    match action:
        case Action.BUILD:
            return "" if of.forecast else "it was not found out in time what a build of it wipes"
        case Action.REMOVE:
            return "it is in build mode; cancel that first" if of.active else ""
        case Action.CANCEL | Action.DONE:  # pragma: no branch  (mypy: these are all)
            return "" if of.active else "it is not in build mode"


def _told(action: Action, of: Foreseen, now: float) -> dict[str, tuple[str, ...]]:
    match action:
        case Action.BUILD:
            return {_KIND[of.forecast.answer] if of.forecast else "unclear": of.sentences}
        case Action.REMOVE:
            lines = "1 line" if of.lines == 1 else f"{of.lines:,} lines"
            return {"lost": (f"{of.file}, {lines}",)}
        case Action.CANCEL | Action.DONE:  # pragma: no branch  (mypy: these are all)
            return {"lost": (_ended(action, of.build, now),)} if of.build else {}


def _ended(action: Action, build: Build, now: float) -> str:
    passed, waits = span(max(0.0, now - build.changed)), build.state is State.PENDING
    going = (
        f"has waited for {passed} to be installed" if waits else f"is {build.state}, for {passed}"
    )
    match action, waits:
        case Action.DONE, _:
            return f"{going}; its installer is not heard any more"
        case _, False:
            return f"{going}; what its installer has begun stays half done"
        case _:
            return going


def _summary(building: Iterable[Foreseen]) -> Iterator[str]:
    """Yield how many disks builds wipe, and of how many machines, and what is not known."""
    by: dict[Answer, list[Forecast]] = {answer: [] for answer in Answer}
    for each in building:
        if each.forecast:
            by[each.forecast.answer].append(each.forecast)
    counted = list(filter(None, map(_disks, by[Answer.YES])))
    if disks := sum(map(len, counted)):
        some = "1 disk" if disks == 1 else f"{disks:,} disks"
        them = "it" if disks == 1 else "them"
        yield (f"{some} of {machines(len(counted))} will be wiped: all that is on {them} is lost.")
    if vague := sum(map(_is_vague, by[Answer.YES])):
        yield f"Of {machines(vague)} more disks than can be counted here may be wiped: see below."
    if unclear := len(by[Answer.UNKNOWN]):
        yield f"Of {machines(unclear)} it cannot be told whether disks are wiped."
    if spared := len(by[Answer.NO]):
        yield f"Of {machines(spared)} no disk is wiped."


def _disks(of: Forecast) -> frozenset[str]:
    """Return the disks that are named, each in words that mean one."""
    named = (disk for each in of.wiping for disk in each.disks)
    return frozenset(disk for disk in named if not _is_several(disk))


def _is_vague(of: Forecast) -> bool:
    return any(not each.disks or any(map(_is_several, each.disks)) for each in of.wiping)


def _is_several(disk: str) -> bool:
    return disk == EVERY_DISK or not is_exact(disk)


def _url(host: str) -> str:
    return f"{PATH}/{quote(host, safe='')}"


_KIND: Final = {Answer.YES: "lost", Answer.UNKNOWN: "unclear", Answer.NO: "harmless"}
