"""What can be told of one text that an installer or a shell acts upon. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Wipes:
    """It wipes disks without asking.

    Attributes:
        disks: In words, ``/dev/sda`` or ``the largest disk``; empty where it cannot be told which.
    """

    disks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unclear:
    """It cannot be told.

    Attributes:
        why: In plain words, to go on after "for".
    """

    why: str


@dataclass(frozen=True, slots=True)
class Spares:
    """Nothing in it wipes a disk."""


Verdict: TypeAlias = Wipes | Unclear | Spares

EVERY_DISK = "every disk that is found"
TOO_MUCH = "it holds more, packed, than pyxie reads"


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what several parts of one text come to: the worst, and all the disks."""
    disks: dict[str, None] = {}
    worst: Verdict = Spares()
    for verdict in verdicts:
        match verdict:
            case Wipes(found):
                disks.update(dict.fromkeys(found))
                worst = Wipes()
            case Unclear() if isinstance(worst, Spares):
                worst = verdict
            case _:
                pass
    return Wipes(tuple(disks)) if isinstance(worst, Wipes) else worst
