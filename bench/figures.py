"""What the runs of a contest come to: medians, ratios, how far they lie apart, what was reached.

A ratio is taken within a round, for the machine that all run on is slower at one minute than at
another; quoted is the median of the rounds'.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.contest import OURS, Result, Taken, Wanted


@dataclass(frozen=True)
class Spread:
    """A figure that was measured several times."""

    median: float
    least: float
    most: float

    @property
    def noise(self) -> float:
        """How far the runs lie from their middle: half of their range, of the median; 0 to 1."""
        return (self.most - self.least) / 2 / self.median if self.median else 0.0


def spread(values: Iterable[float]) -> Spread:
    """Return what values that are at least one come to."""
    seen = list(values)
    return Spread(statistics.median(seen), min(seen), max(seen))


@dataclass(frozen=True)
class Side:
    """One server in one row.

    Attributes:
        name: Its name.
        figure: What it did.
        processors: How many of the processors it used of those that there are.
    """

    name: str
    figure: Spread
    processors: float


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        work: What is done.
        unit: Of the figures.
        wanted: What is to be reached.
        ours: pyxie.
        peers: The sides that it is beside, the best first; none if none is installed.
        others: All other sides.
        ratio: Of pyxie's figure to the best peer's, round by round; `None` without a peer.
        rounds: How many runs of each side there are.
        held: In how many of them the bound was held; `None` if there is nothing to compare with.
    """

    work: str
    unit: str
    wanted: Wanted
    ours: Side
    peers: tuple[Side, ...]
    others: tuple[Side, ...]
    ratio: Spread | None
    rounds: int
    held: int | None

    @property
    def reached(self) -> bool | None:
        """Whether it is, by the median; `None` if there is nothing to compare with."""
        if self.held is None:
            return None
        return holds(self.wanted, (self.ratio or self.ours.figure).median)

    @property
    def goal(self) -> float | None:
        """What pyxie's figure would have to be; `None` if there is nothing to compare with."""
        if not self.wanted.peers:
            return self.wanted.bound
        return self.wanted.bound * self.peers[0].figure.median if self.peers else None


def holds(wanted: Wanted, value: float) -> bool:
    """Return whether a value is on the right side of the bound."""
    return value >= wanted.bound if wanted.more else value <= wanted.bound


def rows(result: Result) -> list[Row]:
    """Return the rows of a contest, of which pyxie has run."""
    return [_row(result, wanted) for wanted in result.contest.wanted]


def others(results: Iterable[Result]) -> Spread | None:
    """Return what else ran meanwhile, in percent of the processors; `None` if nobody looked.

    Where that is much, what was measured is how the machine was shared.
    """
    seen = [
        each.more["others"]
        for result in results
        for taken in result.taken.values()
        for each in taken
        if "others" in each.more
    ]
    return spread(seen) if seen else None


def _row(result: Result, wanted: Wanted) -> Row:
    sides = [_side(name, taken, wanted.of) for name, taken in result.taken.items()]
    ours = next(side for side in sides if side.name == OURS)
    peers = sorted(
        (side for side in sides if side.name in wanted.peers),
        key=lambda side: side.figure.median,
        reverse=wanted.more,
    )
    values = [each.of(wanted.of) for each in result.taken[OURS]]
    ratio = None
    compared = values if not wanted.peers else []
    if peers:
        theirs = [each.of(wanted.of) for each in result.taken[peers[0].name]]
        compared = [a / b if b else float("inf") for a, b in zip(values, theirs, strict=True)]
        ratio = spread(compared)
    return Row(
        work=wanted.work or result.contest.work,
        unit=wanted.unit or result.contest.unit,
        wanted=wanted,
        ours=ours,
        peers=tuple(peers),
        others=tuple(side for side in sides if side is not ours and side not in peers),
        ratio=ratio,
        rounds=len(values),
        held=sum(holds(wanted, each) for each in compared) if compared else None,
    )


def _side(name: str, taken: Sequence[Taken], of: str) -> Side:
    used = statistics.median(each.cpu / each.seconds for each in taken)
    return Side(name, spread(each.of(of) for each in taken), used)
