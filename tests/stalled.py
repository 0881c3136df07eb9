"""Ends a run of which no test has ended for a long time, and says what it was at.

A worker that hangs in Python gives its tests back and leaves a trace (``faulthandler_timeout`` in
pyproject.toml). One that is dead or stopped while a child of its holds its pipes, or that waits in
the kernel, does neither: all others wait for it, for as long as they are let.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Final

import pytest

from tests.procfs import children

_SETTING: Final = "stalled_timeout"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        _SETTING, "seconds without the end of a test, after which a run is ended", default="900"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch a run that has workers, in the process that waits for them."""
    if config.getoption("numprocesses", default=None) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stalled(config, float(config.getini(_SETTING))))


class Stalled:
    """What is under way, and since when nothing of it has ended."""

    def __init__(self, config: pytest.Config, most: float) -> None:
        self._config = config
        self._most = most
        self._running: dict[str, None] = {}
        self._last: float | None = None
        self._over = threading.Event()

    def pytest_sessionstart(self) -> None:
        threading.Thread(target=self._watch, name="stalled", daemon=True).start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running[nodeid] = None
        self._last = self._last or time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._running.pop(nodeid, None)
        self._last = time.monotonic()

    def pytest_sessionfinish(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(min(self._most / 4, 10)):
            if self._last is not None and time.monotonic() - self._last > self._most:
                self._end()

    def _end(self) -> None:
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        told = [
            f"\nno test has ended for {self._most:.0f} s; begun, and not ended:",
            *(f"  {each}" for each in self._running),
            _processes(),
        ]
        if reporter is not None:
            reporter.write_line("\n".join(told))
        for each in children(os.getpid()):
            os.kill(each, signal.SIGKILL)
        os._exit(1)


def _processes() -> str:
    """Return what all processes are at, and where the kernel holds the workers."""
    fields = "pid,ppid,stat,wchan:24,etimes,rss,args"
    shown = subprocess.run(
        ["ps", "-eo", fields, "--forest", "--cols", "160"], capture_output=True, text=True
    ).stdout.splitlines()
    processes = [each for each in shown if not each.rstrip().endswith("]")]  # the kernel's own
    stacks = []
    for each in children(os.getpid()):
        try:
            stacks.append(f"{each}:\n{Path(f'/proc/{each}/stack').read_text()}")
        except OSError as error:
            stacks.append(f"{each}: {error}")
    return "\n".join([*processes[-100:], *stacks])
