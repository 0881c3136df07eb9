"""A machine's events, cut into rounds: how far each boot came, from the first DISCOVER on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from pyxie.events import datagrams, kinds
from pyxie.events.event import Event
from pyxie.events.kind import Kind

K = TypeVar("K", bound=Kind)


class Stage(IntEnum):
    """How far a boot came: the last thing that pyxie saw of it."""

    NOTHING = 0
    SILENT = 1
    """Its DISCOVER was heard, and it is offered nothing to boot."""
    OFFERED = 2
    """Firmware was offered a boot loader."""
    CONFIRMED = 3
    """It has asked on port 4011."""
    LOADER = 4
    """It has fetched one, or has tried to."""
    IPXE = 5
    """iPXE runs, and was offered its script."""
    SCRIPT = 6
    """It has asked for it."""
    IMAGES = 7
    """It fetches kernel and initrds."""
    KERNEL = 8
    """It has started the kernel."""
    INSTALLER = 9
    """The installer has fetched a file of its own."""


_STAGES: dict[type[Kind], Stage] = {
    datagrams.NotAnswered: Stage.SILENT,
    datagrams.SentOn: Stage.SILENT,
    datagrams.AnswerNotSent: Stage.SILENT,
    kinds.ScriptSent: Stage.SCRIPT,
    kinds.GrubConfigured: Stage.SCRIPT,
    kinds.MenuShown: Stage.SCRIPT,
    kinds.UnknownBooted: Stage.SCRIPT,
    kinds.AdHocScriptSent: Stage.SCRIPT,
    kinds.BootApiScriptSent: Stage.SCRIPT,
    kinds.BootApiSilent: Stage.SCRIPT,
    kinds.ScriptRefused: Stage.SCRIPT,
    kinds.ScriptFailed: Stage.SCRIPT,
    kinds.ScriptSentOn: Stage.SILENT,
    kinds.ImageFetching: Stage.IMAGES,
    kinds.ImageFailed: Stage.IMAGES,
    kinds.ImageMismatch: Stage.IMAGES,
    kinds.ImageElsewhere: Stage.IMAGES,
    kinds.ImageWaiting: Stage.IMAGES,
    kinds.ImageStale: Stage.IMAGES,
    kinds.ImageUncached: Stage.IMAGES,
    kinds.ImageAbsent: Stage.IMAGES,
    kinds.Booting: Stage.KERNEL,
    kinds.TemplateFetched: Stage.INSTALLER,
    kinds.TemplateFailed: Stage.INSTALLER,
    kinds.AnswerRefused: Stage.INSTALLER,
}

_ANY_TIME = (datagrams.MissingOverTftp, datagrams.RefusedOverTftp)
"""What loaders look for beside themselves, whatever they have done before."""


_OF_FILES = (
    *(datagrams.SentOverTftp, datagrams.AbortedByClient, datagrams.BrokenOff),
    *(datagrams.TimedOutOverTftp, datagrams.MissingOverTftp, datagrams.RefusedOverTftp),
    kinds.LoaderOverHttp,
)
_MADE = (".cfg", ".lst", "booting")
"""Ends of what GRUB asks for beside itself, of which there are events of their own."""


def _of_file(what: Kind, name: str) -> Stage | None:
    """Return how far a boot is that asks for a file, over TFTP or by HTTP Boot."""
    if name == "kernel" or name.startswith("initrd "):  # to GRUB, see `pyxie.tftp.kernels`
        return Stage.IMAGES
    if name.endswith(_MADE):
        return None
    # An iPXE's own start: it runs, then.
    runs = name.rpartition("/")[2] == "autoexec.ipxe"
    return Stage.IPXE if runs and not isinstance(what, _ANY_TIME) else Stage.LOADER


def stage_of(what: Kind) -> Stage | None:
    """Return how far a boot is of which that is told; None for what is no step of one."""
    if isinstance(what, _OF_FILES):
        return _of_file(what, what.name)
    if isinstance(what, datagrams.Offered):
        if what.observed:
            return Stage.SILENT
        if what.script:
            return Stage.IPXE
        return Stage.CONFIRMED if what.port == 4011 else Stage.OFFERED
    return _STAGES.get(type(what))


@dataclass(frozen=True, slots=True)
class Round:
    """One boot.

    Attributes:
        stage: How far it came.
        events: Those that are steps of it, the oldest first; at least one.
    """

    stage: Stage
    events: tuple[Event, ...]

    @property
    def last(self) -> Event:
        """Its last."""
        return self.events[-1]

    def all(self, *of: type[K]) -> list[Event]:
        """Return its events of those kinds."""
        return [each for each in self.events if isinstance(each.what, of)]

    def latest(self, *of: type[K]) -> Event | None:
        """Return its last event of those kinds."""
        found = self.all(*of)
        return found[-1] if found else None

    def reached(self) -> Event:
        """Return the event by which it came so far."""
        return next(each for each in self.events if stage_of(each.what) is self.stage)


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of a machine's boots.

    Attributes:
        events: All that count: of a machine in build mode, those since its build began.
        rounds: The boots among them, the oldest first.
    """

    events: tuple[Event, ...]
    rounds: tuple[Round, ...]

    @property
    def stage(self) -> Stage:
        """How far the last boot came."""
        return self.rounds[-1].stage if self.rounds else Stage.NOTHING

    @property
    def now(self) -> Round | None:
        """The last boot."""
        return self.rounds[-1] if self.rounds else None

    def alike(self) -> int:
        """Return how many boots in a row, the last among them, came as far as that and no farther.

        One that was not answered is no boot.
        """
        found = 0
        for each in reversed(self.rounds):
            if each.stage is not self.stage:
                break
            found += 1
        return found


def course(events: Iterable[Event], begun: float | None = None) -> Course:
    """Cut a machine's events into rounds.

    Args:
        events: The oldest first.
        begun: When its build began, if it is in build mode; what came before does not count.
    """
    found = tuple(events)
    if begun is not None:
        found = _since(found, begun)
    return Course(found, tuple(_rounds(found)))


def _since(events: tuple[Event, ...], begun: float) -> tuple[Event, ...]:
    """Return what came after a build began; by order, as the clock may have been set since."""
    for at in range(len(events) - 1, -1, -1):
        what = events[at].what
        if isinstance(what, kinds.BuildChanged) and what.state == "pending":
            return events[at:]
    return tuple(each for each in events if each.at >= begun)


_FAILED = (kinds.ImageFailed, kinds.ImageMismatch)
_GIVEN = (
    *(kinds.ScriptSent, kinds.UnknownBooted),
    *(kinds.AdHocScriptSent, kinds.BootApiScriptSent),
)


def _tries_again(what: Kind, stage: Stage, gathered: Iterable[Event]) -> bool:
    """Tell whether an iPXE asks for its script once more in the same boot.

    pyxie's script does so by itself, a minute after a file of it could not be fetched.
    """
    failed = stage is Stage.IMAGES and any(isinstance(each.what, _FAILED) for each in gathered)
    return failed and isinstance(what, _GIVEN)


def _rounds(events: Iterable[Event]) -> Iterator[Round]:
    stage, gathered = Stage.NOTHING, list[Event]()
    for each in events:
        to = stage_of(each.what)
        if to is None:
            continue
        again = isinstance(each.what, _ANY_TIME) or _tries_again(each.what, stage, gathered)
        if to < stage and not again:
            yield Round(stage, tuple(gathered))
            stage, gathered = to, []
        stage = max(stage, to)
        gathered.append(each)
    if gathered:
        yield Round(stage, tuple(gathered))
