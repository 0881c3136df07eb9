"""Tests whose process stands still every now and then, as on a host that is busy with others.

``python -m pytest -p tests.hiccups -n 2 …`` stops each worker for a fifth to four fifths of a
second, about once a second, with all its threads. What it started goes on. A test that fails so
has a window of time in it that a busy host can miss: it should be told the time, or wait for what
it means.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

_STILL = (0.2, 0.8)
_BETWEEN = (0.2, 1.5)
_child = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin, in each process that runs tests."""
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        config.stash[_child] = subprocess.Popen([sys.executable, __file__, str(os.getpid())])


def pytest_unconfigure(config: pytest.Config) -> None:
    """End it, while this process goes on."""
    child = config.stash.get(_child, None)
    if child is not None:
        child.terminate()
        child.wait()


def _hold_up(process: int) -> None:
    """Stop and continue it until it has ended, or this process is told to end."""
    ended: list[int] = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who presses Ctrl-C has it end by the other
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    while not ended and os.getppid() == process:
        time.sleep(random.uniform(*_BETWEEN))
        if ended or os.getppid() != process:
            break
        os.kill(process, signal.SIGSTOP)
        try:
            time.sleep(random.uniform(*_STILL))
        finally:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


if __name__ == "__main__":
    _hold_up(int(sys.argv[1]))
