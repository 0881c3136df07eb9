"""What the screen Now shows: each boot that is under way, and what ended last. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pyxie.builds.life import Build, State
from pyxie.diagnosis.saying import span
from pyxie.http.page.badges import LOOKS
from pyxie.http.page.bootrow import BootRow, machine_path
from pyxie.http.page.checklist import Point
from pyxie.http.page.longtext import printable
from pyxie.http.page.spokentimes import Moment, ago

ROWS: Final = 100
"""Boots on one page."""
_ENDED: Final = 10
_STAYS: Final = 900.0
"""Seconds for which one that has ended stays where it was: who looks at it is to see how it did."""
_ENDS: Final = frozenset({State.INSTALLED, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Ended:
    """A build that has ended.

    Attributes:
        host: Its machine.
        path: The screen of that.
        state: How it ended.
        look: The class of that state.
        when: It ended.
        took: How long it took, in words; empty if it was not installed.
        reason: Why it failed, in the installer's words; empty for none.
    """

    host: str
    path: str
    state: str
    look: str
    when: Moment
    took: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many boots are under way.

    Attributes:
        all: Machines in build mode.
        stuck: Of these, those that stand still.
        others: Boots by hand, and of unknown machines.
        others_stuck: Of these that are shown, those that stand still.
        waiting: Machines that no file knows.
    """

    all: int
    stuck: int
    others: int
    others_stuck: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Pages:
    """Which of the boots are shown.

    Attributes:
        stuck: Only those that stand still.
        page: The number of this page, from 1.
        last: Of the last one.
        first: The number of the first boot on it, from 1; 0 for none.
        until: Of the last boot on it.
        of: How many there are on all pages.
    """

    stuck: bool
    page: int
    last: int
    first: int
    until: int
    of: int

    def path(self, page: int) -> str:
        """Return where another page is."""
        said = [*(["stuck=1"] if self.stuck else []), *([f"page={page}"] if page > 1 else [])]
        return f"/?{'&'.join(said)}" if said else "/"


@dataclass(frozen=True, slots=True)
class NowView:
    """The screen.

    Attributes:
        counted: How many are under way.
        pages: Which of them these are.
        rows: Machines in build mode, and those that were a moment ago; who began first is first.
        others: Boots by hand, and of unknown machines.
        left_out: How many more of these there are.
        ended: Builds, the last at the top.
        checklist: What the first installation takes; empty once there was one.
    """

    counted: Counted
    pages: Pages
    rows: tuple[BootRow, ...]
    others: tuple[BootRow, ...]
    left_out: int
    ended: tuple[Ended, ...]
    checklist: tuple[Point, ...]


def listed(builds: Iterable[Build], now: float) -> list[Build]:
    """Return the builds that are shown: those under way, and those that ended a moment ago.

    By when they began, so that a new one comes at the end and none moves.

    Args:
        builds: The newest of each machine; of many a thread's work.
        now: Seconds since the epoch.
    """
    shown = (each for each in builds if each.active or _ended_lately(each, now))
    return sorted(shown, key=_begun)


def _ended_lately(build: Build, now: float) -> bool:
    return build.state in _ENDS and now - build.changed < _STAYS


def _begun(build: Build) -> tuple[float, str]:
    return build.begun, build.host


def paged(count: int, page: int, *, stuck: bool) -> Pages:
    """Return which boots are on a page, the nearest to the one that is asked for.

    Args:
        count: How many there are.
        page: The number that is asked for.
        stuck: They are those that stand still.
    """
    last = max(1, -(-count // ROWS))
    page = min(max(page, 1), last)
    first = (page - 1) * ROWS
    return Pages(stuck, page, last, first + 1 if count else 0, min(first + ROWS, count), count)


def now_view(
    counted: Counted,
    pages: Pages,
    boots: Iterable[BootRow],
    others: Iterable[BootRow],
    left_out: int,
    ended: Iterable[Ended],
    checklist: tuple[Point, ...],
) -> NowView:
    """Return the screen.

    Args:
        counted: How many are under way.
        pages: Which of them ``boots`` are.
        boots: Machines in build mode, in their order.
        others: Boots by hand and of unknown machines, the newest at the end.
        left_out: How many more of these there are.
        ended: As of `ended_of`.
        checklist: What is needed; empty if all of it was there already.
    """
    return NowView(
        counted=counted,
        pages=pages,
        rows=tuple(boots),
        others=tuple(others),
        left_out=left_out,
        ended=tuple(ended),
        checklist=checklist,
    )


def ended_of(builds: Iterable[Build], now: float) -> tuple[Ended, ...]:
    """Return the builds that ended last, the last at the top; of many a thread's work.

    Args:
        builds: The newest of each machine.
        now: Seconds since the epoch.
    """
    changed: Callable[[Build], float] = lambda build: build.changed  # noqa: E731
    last = heapq.nlargest(_ENDED, (each for each in builds if each.state in _ENDS), key=changed)
    return tuple(
        Ended(
            host=build.host,
            path=machine_path(build.host),
            state=str(build.state),
            look=LOOKS[build.state],
            when=ago(build.changed, now),
            took=span(build.changed - build.begun) if build.state is State.INSTALLED else "",
            reason=printable(build.reason),
        )
        for build in last
    )
