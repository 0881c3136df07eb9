"""Time that nobody sets. The computer's own clock is for dates: it may go forward or back by years.

A machine whose clock battery is dead starts in the past, and is put right by NTP minutes later;
somebody may set a clock by hand. So how long something has lasted is told by a clock that only
goes forward, and only what was stored by an earlier run is held against the computer's.
"""

from __future__ import annotations

import time
from typing import Final

LONGEST: Final = 366 * 86_400.0
"""Seconds; of what should have happened longer ago, the clock was set since then."""


def steady() -> float:
    """Return the seconds since the computer was started, those that it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def age(at: float, now: float) -> float | None:
    """Return how long ago something was, in seconds; None if that is not to be believed.

    Args:
        at: When it was, by the computer's clock of then.
        now: By that of now; it may have been set meanwhile, and be earlier or years later.
    """
    passed = now - at
    return passed if 0.0 <= passed <= LONGEST else None
