"""All advice on a build, a module a subject: pure, told what would be served."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from pyxie.advice.asking import asking
from pyxie.advice.cmdline import cmdline
from pyxie.advice.ending import ending
from pyxie.advice.entering import entering
from pyxie.advice.naming import naming
from pyxie.advice.served import Advice, Served
from pyxie.advice.unused import unused
from pyxie.errors import Problem
from pyxie.registry.define import Definition

_SUBJECTS: Final[tuple[Callable[[Served], Iterable[Advice]], ...]] = (
    asking,
    cmdline,
    ending,
    entering,
    naming,
    unused,
)


def advise(served: Served) -> tuple[Advice, ...]:
    """Return what is to be said of a build before it begins."""
    return tuple(advice for subject in _SUBJECTS for advice in subject(served))


def placed(advice: Advice, definition: Definition) -> Problem:
    """Return an advice with the place of the value that it is about."""
    place = definition.merged.place(advice.about)
    if place is None:
        return Problem(Path(definition.machine.hostname), 0, 0, "", advice.sentence)
    return place.problem(advice.sentence, advice.word)
