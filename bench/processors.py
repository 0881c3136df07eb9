"""What processes take of the processors, and of memory, as /proc tells it."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from tests.procfs import children, family, memory_of

_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 40.0
"""Seconds until a daemon has come to rest; with 1,000 machines it takes some 14."""
_CALM = 3
"""Looks in a row at which it has."""


def spent(pid: int) -> float:
    """Return the seconds that a process and all that it has started took of the processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    total = sum(map(int, fields[11:15])) / _TICK  # with its children that have ended: proc(5)
    for child in children(pid):
        with suppress(OSError):
            total += spent(child)
    return total


def memory(pid: int) -> float:
    """Return the MB of a process and all that it has started, shared pages counted once."""
    return memory_of(pid) / 2**20


def wakes(pid: int) -> int:
    """Return how often the threads of a process, and of all it has started, were woken so far."""
    return sum(
        _said("voluntary_ctxt_switches", f"{task}/status")
        for each in family(pid)
        for task in Path(f"/proc/{each}/task").glob("*")
    )


def ran(pid: int) -> float:
    """Return the seconds that the threads there are now ran, to the nanosecond: sched(7)."""
    total = 0
    for each in family(pid):
        for task in Path(f"/proc/{each}/task").glob("*"):
            with suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _said(name: str, file: str) -> int:
    """Return a number that the kernel tells by its name; 0 of who has ended."""
    with suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+)", Path(file).read_text(), re.MULTILINE)
        return int(found[1]) if found else 0
    return 0


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
