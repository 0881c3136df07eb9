"""What is told of a forecast: the events of a build that begins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from pyxie.events.english import sentence
from pyxie.events.kind import Kind
from pyxie.events.kinds import BuildSpares, BuildUnclear, BuildWipes
from pyxie.wiping.forecast import Answer, Forecast, joined

_KINDS: Final = 64
"""Forecasts of which that is kept: machines of one kind share theirs."""


@lru_cache(_KINDS)
def told(of: Forecast) -> tuple[Kind, ...]:
    """Return what is to be said of a forecast; doubts only where nothing is certain."""
    match of.answer:
        case Answer.YES:
            return tuple(
                BuildWipes(by=joined(by), disks=joined(disks)) for disks, by in _by_disks(of)
            )
        case Answer.UNKNOWN:
            return tuple(BuildUnclear(by=each.by, why=each.why) for each in of.doubts)
        case Answer.NO:  # pragma: no branch  (mypy: these are all)
            return (BuildSpares(),)


def _by_disks(of: Forecast) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Walk the disks, each with all that wipes them: a script, and the answers that it reads."""
    for disks in dict.fromkeys(each.disks for each in of.wiping):
        yield disks, tuple(each.by for each in of.wiping if each.disks == disks)


def sentences(host: str, of: Forecast) -> list[str]:
    """Return a forecast in sentences, for a machine."""
    return [f"{host} {sentence(each)}" for each in told(of)]


def in_words(host: str, of: Forecast) -> dict[str, object]:
    """Return a forecast as the REST API gives it, for a machine."""
    return {
        "answer": str(of.answer),
        "sentences": sentences(host, of),
        "disks": list(dict.fromkeys(disk for each in of.wiping for disk in each.disks)),
    }


def in_one(host: str, of: Forecast) -> str:
    """Return a forecast as one text, by which it can be told whether it is still the same."""
    return "; ".join(sentences(host, of))
