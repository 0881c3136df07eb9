"""A kind of event for tests to which it is all one what happened, only not what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from pyxie.events.english import sentence
from pyxie.events.kind import Kind, Step

_COUNT_EACH = (Step.BOOTING, Step.TEMPLATE, Step.BUILD)
"""Steps whose kinds count each time, and so do those made here."""


@dataclass(frozen=True, slots=True)
class Said(Kind):
    """What ``text`` says."""

    code: ClassVar[str] = "test.said"
    passing: ClassVar[bool] = False

    text: str


@sentence.register
def _(what: Said) -> str:
    return what.text


def said(step: Step, text: str) -> Said:
    """Return an event's kind of that step and that sentence."""
    return _of(step)(text)


@cache
def _of(of_step: Step) -> type[Said]:
    class SaidOfStep(Said):
        __slots__ = ()
        step: ClassVar[Step] = of_step
        repeats: ClassVar[bool] = of_step not in _COUNT_EACH

    return SaidOfStep
