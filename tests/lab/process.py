"""A program in the background, with what it said kept in a file and searched."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_POLL = 0.05

# Firmware consoles move the cursor and colour single words; readers and searches want
# the text alone: CSI sequences, two-byte escapes, and the carriage returns.
_TERMINAL = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78cM]|\r|\0")


class WaitError(Exception):
    """What was waited for did not come; the text quotes the last lines of output."""


class Process:
    """One background program in a process group of its own; ended by `stop`."""

    def __init__(
        self,
        argv: list[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = log.stem
        self.log = log
        with log.open("wb") as output:
            # A session of its own: Ctrl-C in the terminal is for the test run, which then
            # stops its programs in the right order.
            self._popen = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else {**os.environ, **env},
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the program itself, not of a shell around it."""
        return self._popen.pid

    @property
    def text(self) -> str:
        """All that was printed so far, without the terminal's control sequences."""
        return _TERMINAL.sub("", self.log.read_text(encoding="utf-8", errors="replace"))

    def tail(self, lines: int = 40) -> str:
        """Return the last lines that are not blank."""
        printed = [line for line in self.text.splitlines() if line.strip()]
        return "\n".join(printed[-lines:])

    def wait_for(self, what: str | re.Pattern[str], timeout: float) -> re.Match[str]:
        """Return where ``what`` stands in the output, be it there already or to come.

        Args:
            what: A text to be found as it is, or a compiled regular expression.
            timeout: In seconds.

        Raises:
            WaitError: The time is over, or the program ended without printing it.
        """
        pattern = re.compile(re.escape(what)) if isinstance(what, str) else what
        wanted = repr(what if isinstance(what, str) else what.pattern)
        deadline = time.monotonic() + timeout
        while True:
            # Asked before the output is read: what it printed last is then read as well.
            ended = self._popen.poll()
            if found := pattern.search(self.text):
                return found
            if ended is not None:
                raise self._missed(f"ended with {ended} before it printed {wanted}")
            if time.monotonic() > deadline:
                raise self._missed(f"did not print {wanted} within {timeout:g} s")
            time.sleep(_POLL)

    def wait_exit(self, timeout: float) -> int:
        """Return the exit status once the program ends by itself."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._missed(f"still runs after {timeout:g} s") from None

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self._popen.send_signal(number)

    def stop(self, grace: float = 3.0) -> None:
        """End the program and what it started; a second call does nothing."""
        # Once it is reaped its number may be another's: so only while it runs.
        if self._popen.poll() is not None:
            return
        os.killpg(self.pid, signal.SIGTERM)
        try:
            self._popen.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _missed(self, problem: str) -> WaitError:
        return WaitError(f"{self.name} {problem}; its last lines:\n{self.tail()}")
