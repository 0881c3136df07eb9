"""A contest: the same work, done by pyxie and by its peers in turn.

A contest module has a context manager `contests()`, which lays what its contests stand on (hosts,
files, compiled clients), yields them, and takes all of it away again; `bench/__main__.py` names it.
What the figures come to is told by `bench/figures.py`.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.lab.needs import MissingError

OURS = "pyxie"


@dataclass(frozen=True)
class Taken:
    """What one run of one side came to.

    Attributes:
        value: In the contest's unit.
        cpu: Seconds that the servers took of the processors.
        seconds: The run took.
        more: What else was seen, by name: ``p50`` and ``p99`` in ms, ``clients`` (seconds that they
            took of the processors), ``idle`` and ``others`` (percent of the processors' time that
            nobody took, or neither servers nor clients), …
    """

    value: float
    cpu: float
    seconds: float
    more: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str) -> float:
        """Return a figure by its name; the contest's own is ``value``."""
        return self.value if name == "value" else self.more[name]


Run: TypeAlias = Callable[[], Taken]
Side: TypeAlias = Callable[[], AbstractContextManager[Run]]
"""Starts a server, gives what does the work once, and ends the server."""


@dataclass(frozen=True)
class Wanted:
    """What is to be reached; a row of the table.

    Attributes:
        bound: Of the ratio to the best of the peers; without peers, of the figure itself.
        peers: The sides that it is beside.
        more: Whether more is better, and the bound the least; else the bound is the most.
        of: Which figure of `Taken`.
        work: What the row is called, if not as the contest is.
        unit: Its figure's unit, if not the contest's.
    """

    bound: float
    peers: tuple[str, ...]
    more: bool
    of: str = "value"
    work: str = ""
    unit: str = ""


def at_least(
    bound: float, *peers: str, of: str = "value", work: str = "", unit: str = ""
) -> Wanted:
    """Want so many times what the best of the peers does."""
    return Wanted(bound, peers, more=True, of=of, work=work, unit=unit)


def at_most(bound: float, *peers: str, of: str = "value", work: str = "", unit: str = "") -> Wanted:
    """Want so many times what the best of the peers takes, or less."""
    return Wanted(bound, peers, more=False, of=of, work=work, unit=unit)


@dataclass(frozen=True)
class Contest:
    """Work that several servers do in turn.

    Attributes:
        name: One word or two, for ``--only``.
        work: What is done, in words; of a row, if that says no other.
        unit: Of the runs' values.
        wanted: What is to be reached, a row each.
        sides: The servers by their names; `OURS` is pyxie. Another that is not installed, or
            fails, is left out, and it is said why.
        together: Whether all servers are up for the whole contest, each on a host of its own; else
            each is started anew for each of its turns.
    """

    name: str
    work: str
    unit: str
    wanted: Sequence[Wanted]
    sides: Mapping[str, Side]
    together: bool = True


@dataclass(frozen=True)
class Result:
    """What came of a contest.

    Attributes:
        contest: Which.
        taken: The runs of each side that were counted: the same number of each, in the order of the
            rounds.
        absent: The sides that were left out, and why.
    """

    contest: Contest
    taken: Mapping[str, Sequence[Taken]]
    absent: Mapping[str, str]


def alternate(
    contest: Contest, rounds: int = 5, warm_up: int = 1, say: Callable[[str], None] = print
) -> Result:
    """Have the sides run in turn; who begins alternates, too.

    Args:
        contest: Which.
        rounds: How many runs of each side count.
        warm_up: How many do not, before them.
        say: Is told of each run.
    """
    taken: dict[str, list[Taken]] = defaultdict(list)
    with _entered(contest) as (sides, absent):
        for name, why in absent.items():
            say(_left_out(name, why))
        for at in range(warm_up + rounds):
            for name in list(sides)[:: -1 if at % 2 else 1]:
                try:
                    with sides[name]() as run:
                        seen = run()
                except _failures(name) as exc:
                    absent[name] = str(exc)
                    del sides[name]
                    taken.pop(name, None)
                    say(_left_out(name, absent[name]))
                    continue
                counts = at >= warm_up
                say(f"  {name}: {told(contest, seen)}{'' if counts else ' (warm-up)'}")
                if counts:
                    taken[name].append(seen)
    return Result(contest, {name: taken[name] for name in sides}, absent)


def _failures(name: str) -> tuple[type[Exception], ...]:
    """Return how a side may fail and be left out: pyxie by nothing."""
    if name == OURS:
        return ()
    return (MissingError, AssertionError, OSError, subprocess.SubprocessError)


def _left_out(name: str, why: str) -> str:
    return f"  {name} is left out: {why}"


def told(contest: Contest, seen: Taken) -> str:
    """Return one run in words."""
    more = "".join(f", {name} {value:.4g}" for name, value in seen.more.items())
    processors = f"{seen.cpu:.2f} s of the processors in {seen.seconds:.2f} s"
    return f"{seen.value:.4g} {contest.unit}; {processors}{more}"


@contextmanager
def _entered(contest: Contest) -> Iterator[tuple[dict[str, Side], dict[str, str]]]:
    """Yield the sides that are there, started where they stay, and why others are not."""
    there: dict[str, Side] = {}
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        for name, side in contest.sides.items():
            try:
                if contest.together:
                    there[name] = _kept(stack.enter_context(side()))
                else:
                    there[name] = side
            except _failures(name) as exc:
                absent[name] = str(exc)
        yield there, absent


def _kept(run: Run) -> Side:
    @contextmanager
    def again() -> Iterator[Run]:
        yield run

    return again
