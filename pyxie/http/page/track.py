"""How far a boot has come, as the steps of a track: from DISCOVER to done. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pyxie.builds.life import Build, State
from pyxie.diagnosis.course import Course, Round, Stage, stage_of
from pyxie.events import datagrams, kinds
from pyxie.events.event import Event

STEPS: Final = (
    *("DISCOVER", "offer", "loader", "script", "kernel", "initrd"),
    *("installer", "done"),
)
"""Of a machine that is installed."""
BY_HAND: Final = (*STEPS[:6], "started")
"""Of one that boots what is no build: after its kernel it is on its own."""


class Mark(StrEnum):
    """How a step stands."""

    DONE = "done"
    NOW = "now"
    STUCK = "stuck"
    """It is at this one, and does not go on by itself."""
    ENDED = "ended"
    """It was at this one when somebody ended its build."""
    AHEAD = "ahead"
    PASSED = "passed"
    """It went on without it: iPXE that is in the firmware needs no loader."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a track.

    Attributes:
        name: As of `STEPS`.
        mark: How it stands.
        part: Which image is under way: ``kernel``, ``initrd 2``; empty for none.
        sent: Bytes of the file under way that the machine has; None where nothing is under way.
        total: Bytes of all of it; None where that is not known.
    """

    name: str
    mark: Mark
    part: str = ""
    sent: int | None = None
    total: int | None = None

    @property
    def percent(self) -> int | None:
        """How much of its file the machine has, in whole percent; None where that is not known."""
        if self.sent is None or not self.total:
            return None
        return min(100, 100 * self.sent // self.total)


@dataclass(frozen=True, slots=True)
class Track:
    """All steps of a boot.

    Attributes:
        steps: In their order.
        since: Since when it is at the step that it is at, seconds since the epoch; None where
            nothing is known of it yet.
    """

    steps: tuple[Step, ...]
    since: float | None

    @property
    def at(self) -> Step:
        """The step that it is at; of a boot that has come to its end, the last."""
        here = (Mark.NOW, Mark.STUCK, Mark.ENDED)
        under_way = (each for each in self.steps if each.mark in here)
        return next(under_way, self.steps[-1])


def track(
    way: Course,
    build: Build | None,
    moving: Event | None = None,
    *,
    stuck: bool = False,
) -> Track:
    """Return how far a machine has come.

    Args:
        way: Its boots, those since its build began.
        build: Its build; None of one that boots by hand, or is unknown.
        moving: The last sign of a long transfer.
        stuck: It stands still, by its diagnosis.
    """
    names = STEPS if build is not None else BY_HAND
    if build is not None and build.state is State.INSTALLED:
        return Track(tuple(Step(name, _past(way, name)) for name in names), build.changed)
    if way.now is None:
        here = _here(build, stuck=stuck)
        steps = Step(names[0], here), *(Step(name, Mark.AHEAD) for name in names[1:])
        return Track(steps, build.begun if build is not None else None)
    at, event, part = _at(way.now)
    if at == len(names) - 1 and build is None:
        return Track(tuple(Step(name, _past(way, name)) for name in names), event.at)
    here = _here(build, stuck=stuck)
    sent, total = _sent(moving, event, names[at], part)
    steps = (
        *(Step(name, _past(way, name)) for name in names[:at]),
        Step(names[at], here, part, sent, total),
        *(Step(name, Mark.AHEAD) for name in names[at + 1 :]),
    )
    return Track(steps, event.at)


def _here(build: Build | None, *, stuck: bool) -> Mark:
    """Return how the step stands that a boot is at."""
    if build is None or build.active:
        return Mark.STUCK if stuck else Mark.NOW
    return Mark.STUCK if build.state is State.FAILED else Mark.ENDED


_NEXT: Final = {
    Stage.SILENT: 1,
    Stage.OFFERED: 2,
    Stage.CONFIRMED: 2,
    Stage.IPXE: 3,
    Stage.SCRIPT: 4,
    Stage.KERNEL: 6,
    Stage.INSTALLER: 6,
}
"""Which step a boot is at, that has come to a stage: the one behind what it has done."""
_NO_SCRIPT: Final = (
    *(kinds.ScriptRefused, kinds.ScriptFailed, kinds.BootApiSilent),
    kinds.MenuShown,
)
"""It has asked for its script, and has none yet."""


def _at(now: Round) -> tuple[int, Event, str]:
    """Return the number of the step, the event with which it began, and the file under way."""
    if now.stage is Stage.LOADER:
        # Over HTTP it is told when it begins, over TFTP when it is at its end.
        return 2 + isinstance(now.last.what, datagrams.SentOverTftp), now.last, ""
    if now.stage is Stage.IMAGES:
        return _image(now)
    if isinstance(now.last.what, _NO_SCRIPT):
        return 3, now.last, ""
    return _NEXT[now.stage], now.reached(), ""


def _image(now: Round) -> tuple[int, Event, str]:
    last, part = list(_parts(now))[-1]
    if part == "kernel" and isinstance(last.what, datagrams.SentOverTftp):
        return 5, last, ""
    begun = next(each for each, name in _parts(now) if name == part)
    return 5 if part.startswith("initrd") else 4, begun, part


def _parts(now: Round) -> Iterator[tuple[Event, str]]:
    """Walk the events that are of an image, and of which one."""
    for each in now.events:
        if stage_of(each.what) is Stage.IMAGES:
            # Over TFTP they are told of as files are.
            name = getattr(each.what, "part", None) or getattr(each.what, "name", "")
            yield each, str(name).rpartition(" beside ")[2]


def _sent(
    moving: Event | None, begun: Event, step: str, part: str
) -> tuple[int | None, int | None]:
    """Return how much of the file under way a machine has, and of how much."""
    if moving is None or moving.at < begun.at:
        return None, None
    match moving.what:
        case datagrams.TftpProgress(name=name, received=sent, total=total) if name == part:
            return sent, total
        case kinds.ImageProgress(part=name, sent=sent, total=total) if name == part:
            return sent, total
        case datagrams.TftpProgress(received=sent, total=total) if step == "loader":
            return sent, total
        case kinds.LoaderProgress(sent=sent, total=total) if step == "loader":
            return sent, total
        case _:
            return None, None


def _past(way: Course, name: str) -> Mark:
    """Tell whether a boot that is farther has done a step, or went on without it."""
    if way.now is None or name not in _SEEN_BY:
        return Mark.DONE
    # An iPXE that asks for its script once more begins a round, and came by its loader before.
    events = way.events if name == "loader" else way.now.events
    return Mark.DONE if any(_SEEN_BY[name](each) for each in events) else Mark.PASSED


def _is_of(name: str, event: Event) -> bool:
    return any(part.startswith(name) for _, part in _parts(Round(Stage.IMAGES, (event,))))


_SEEN_BY: Final = {
    "loader": lambda event: stage_of(event.what) is Stage.LOADER,
    "kernel": lambda event: _is_of("kernel", event),
    "initrd": lambda event: _is_of("initrd", event),
}
"""How steps are seen that some boots have no need of."""
