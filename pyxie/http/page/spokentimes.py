"""How screens say when something was, and for how long it goes on. Pure.

How long something took is written by `pyxie.diagnosis.saying.span`, and how many bytes
something has by `pyxie.events.english.amount`, as everywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pyxie.diagnosis.saying import span

_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, as a screen shows it.

    Attributes:
        iso: For programs: ``2026-11-27T09:33:28Z``.
        exact: For people who want to know exactly.
        said: For all others: ``3 min ago``.
        counts: It is said how long ago it was, and so it changes.
        lasting: Without the ``ago``, for what goes on since then.
    """

    iso: str
    exact: str
    said: str
    lasting: bool = False


def ago(at: float, now: float) -> Moment:
    """Return when something was: ``3 min ago``.

    Args:
        at: Seconds since the epoch.
        now: The same; where a clock was set, it may be before ``at``.
    """
    passed = now - at
    said = "now" if -1.0 < passed < 1.0 else f"{long(passed)} ago" if passed > 0 else "later"
    return _moment(at, said)


def since(at: float, now: float) -> Moment:
    """Return for how long something goes on: ``3 min``; as `ago`."""
    return _moment(at, long(max(0.0, now - at)), lasting=True)


def long(seconds: float) -> str:
    """Return how long something is, as `span` does, and in days from two of them on."""
    return f"{seconds / _DAY:.0f} days" if seconds >= 2 * _DAY else span(seconds)


def _moment(at: float, said: str, *, lasting: bool = False) -> Moment:
    when = datetime.fromtimestamp(at, UTC)
    return Moment(
        when.strftime("%Y-%m-%dT%H:%M:%SZ"), when.strftime("%Y-%m-%d %H:%M:%S UTC"), said, lasting
    )
