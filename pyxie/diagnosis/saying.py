"""What it is to say a finding in words; the words are in `pyxie.diagnosis.sayings`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Final

from pyxie.diagnosis.finding import Finding


@dataclass(frozen=True, slots=True)
class Said:
    """A finding in words.

    Attributes:
        sentence: What is wrong, or how far it is.
        steps: What to try, the likeliest first; empty if there is nothing to do.
        certain_by: What would make it certain; empty if it is.
    """

    sentence: str
    steps: tuple[str, ...] = ()
    certain_by: str = ""

    def of(self, host: str | None) -> Said:
        """Return the same with a machine's name in the commands that want one."""
        if host is None:
            return self
        return replace(self, steps=tuple(_HOST.sub(host, each) for each in self.steps))


_HOST: Final = re.compile(r"\bHOST\b")


@singledispatch
def said(what: Finding) -> Said:
    """Say what was found. A peer's words may be in it: it may not be fit for a terminal."""
    raise NotImplementedError(type(what))  # a test finds those that have no words


def span(seconds: float) -> str:
    """Write how long something took for people: ``40 s``, ``5 min``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def times(count: int) -> str:
    """Write how often something was, for people."""
    return "once" if count == 1 else f"{count} times"
