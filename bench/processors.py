"""Whose processor time it was, as /proc tells it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 40.0
"""Seconds until a daemon has come to rest; with 1,000 machines it takes some 14."""
_CALM = 3
"""Looks in a row at which it has."""


def spent(pid: int) -> float:
    """Return the seconds that a process and all that it has started took of the processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    total = sum(map(int, fields[11:15])) / _TICK  # with its children that have ended: proc(5)
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                with suppress(OSError):
                    total += spent(int(child))
    return total


def clock() -> tuple[float, float]:
    """Return the seconds that the processors had nothing to do, and all that there were."""
    fields = list(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
    return (fields[3] + fields[4]) / _TICK, sum(fields) / _TICK


def at_rest() -> None:
    """Wait until the processors have next to nothing to do: pyxie has tried its machines' builds.

    Those of a host where others work never do: after 40 s it is over.
    """
    until, calm = time.monotonic() + _PATIENCE, 0
    while calm < _CALM and time.monotonic() < until:
        idle, there = clock()
        time.sleep(0.3)
        idle, there = (now - before for before, now in zip((idle, there), clock(), strict=True))
        calm = calm + 1 if idle >= 0.9 * there else 0
