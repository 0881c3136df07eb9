"""What a process may use that does what may go wrong; each sets this for itself when it begins."""

from __future__ import annotations

import gc
import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

_NICE: Final = 10
"""Where processors are scarce the daemon's offers come first; a script waits for its own."""
_FILES: Final = 64
"""That one may have open."""
_MORE_CPU: Final = 10
"""Seconds after those that it may use until the kernel ends it, if the daemon has not."""
_FIRST_TO_GO: Final = "500"
"""When the host has no memory left; the daemon itself is at 0 (proc_pid_oom_score_adj(5))."""


def confine(memory: int) -> None:
    """Set what this process may use; what the host does not let be set is left as it is.

    Args:
        memory: MiB beyond what it has.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory * (1 << 20)
    _limit(resource.RLIMIT_AS, most)
    _limit(resource.RLIMIT_NOFILE, _FILES)
    if os.geteuid() != 0:
        _limit(resource.RLIMIT_NPROC, 0)  # it starts no program; root is not bound by it
    with suppress(OSError):
        os.nice(_NICE)
    enclose()


def enclose() -> None:
    """Set what goes for all that holds nothing and can be done without."""
    _limit(resource.RLIMIT_FSIZE, 0)  # it writes no file
    _limit(resource.RLIMIT_CORE, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    gc.freeze()  # what it shares with the others need not be looked through


def bound_cpu(seconds: float) -> None:
    """Have the kernel end this process some time after it has used that much from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    so_far = int(used.ru_utime + used.ru_stime)
    _limit(resource.RLIMIT_CPU, so_far + int(seconds) + _MORE_CPU, hard=False)


def _limit(what: int, most: int, *, hard: bool = True) -> None:
    with suppress(OSError, ValueError):
        top = resource.getrlimit(what)[1]
        within = most if top == resource.RLIM_INFINITY else min(most, top)
        resource.setrlimit(what, (within, within if hard else top))
