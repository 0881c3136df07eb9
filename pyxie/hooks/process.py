"""One command, run to its end or to its time, with all that it started.

The pipe that it writes to is ours to close: a child that made a session of its own is no part of
the command any more, and may hold the other end for as long as it likes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from pyxie.bounds import HOOK_KILL, HOOK_OUTPUT, HOOK_SECONDS

log = logging.getLogger(__name__)

_LOOK: Final = 0.1
"""Seconds between two looks at who is left of a command that has ended; nothing tells of it."""
_PIECE: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a hook ended.

    Attributes:
        ok: As it should.
        result: In a few words: ``exit code 1``, ``killed after 5 s``, ``HTTP 204``.
        output: The end of what it wrote.
    """

    ok: bool
    result: str
    output: str = ""


async def run(command: Sequence[str], seconds: float, environment: Mapping[str, str]) -> Outcome:
    """Run a program in a session of its own; its process group is gone when this returns.

    What it leaves in the background belongs to it: it has ended when the last has. Who left its
    process group does not, is not waited for, and not killed.

    Args:
        command: The program and its arguments; no shell looks at them.
        seconds: After which it is killed.
        environment: All that it is given.
    """
    try:
        output = _Output()
    except OSError as exc:  # no descriptors left
        return _not_run(command, exc)
    late = False
    try:
        process = await _started(command, environment, output)
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
                await _rest(process.pid, output)
        except TimeoutError:
            late = True
            HOOK_SECONDS.reached()
        finally:
            await kill(process)
    except (OSError, ValueError) as exc:
        return _not_run(command, exc)
    finally:
        output.close()
    if late:
        return Outcome(ok=False, result=f"killed after {seconds:g} s", output=output.text)
    code = process.returncode or 0
    result = f"exit code {code}" if code >= 0 else f"died of signal {-code}"
    return Outcome(ok=code == 0, result=result, output=output.text)


async def _started(
    command: Sequence[str], environment: Mapping[str, str], output: _Output
) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL,
        stdout=output.theirs,
        stderr=STDOUT,
        cwd="/",
        env=dict(environment),
        start_new_session=True,
    )
    output.read()
    return process


def _not_run(command: Sequence[str], exc: OSError | ValueError) -> Outcome:
    why = exc.strerror if isinstance(exc, OSError) else str(exc)
    return Outcome(ok=False, result=f"{command[0]!r} cannot be run: {why}")


async def _rest(group: int, output: _Output) -> None:
    """Wait for who is left of the process group, as long as one may write."""
    while not output.ended.is_set() and _is_somebody(group):
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await output.ended.wait()
    output.drain()


def _is_somebody(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's, by setuid
        pass
    return True


class Killed(Protocol):
    """What is asked of `asyncio.subprocess.Process`."""

    @property
    def pid(self) -> int:
        """Its number, and that of its process group."""
        ...

    async def wait(self) -> int:
        """Wait for its end."""
        ...


async def kill(process: Killed, patience: float = HOOK_KILL.most) -> None:
    """Kill a process group, and wait for the end of its first; not for ever.

    One that waits for a disk or a network file system is dead only once that answers.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        async with asyncio.timeout(patience):
            await process.wait()
    except TimeoutError:
        HOOK_KILL.reached()
        log.warning("hooks: process %d was killed and does not end; left behind", process.pid)


class _Output:
    """The end of what is written to a pipe.

    Attributes:
        theirs: The end to write to, to be handed to a process.
        ended: Set once nobody can write any more.
    """

    def __init__(self) -> None:
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)
        self._loop = asyncio.get_running_loop()
        self._kept = bytearray()
        self._lost = False
        self.ended = asyncio.Event()

    def read(self) -> None:
        """Begin to read: the process has its end by now."""
        os.close(self.theirs)
        self.theirs = -1
        self._loop.add_reader(self._ours, self._more)

    def drain(self) -> None:
        """Read what was written so far; of who never stops to write no more than is kept."""
        for _ in range(1 + HOOK_OUTPUT.whole // _PIECE):
            self._more()

    def _more(self) -> None:
        if self.ended.is_set():
            return
        try:
            piece = os.read(self._ours, _PIECE)
        except BlockingIOError:
            return
        if not piece:
            self._loop.remove_reader(self._ours)
            self.ended.set()
        self._kept += piece
        if len(self._kept) > HOOK_OUTPUT.whole:
            del self._kept[: -HOOK_OUTPUT.whole]
            if not self._lost:
                self._lost = True
                HOOK_OUTPUT.reached()

    def close(self) -> None:
        """Read no more, whoever may still write."""
        self._loop.remove_reader(self._ours)
        os.close(self._ours)
        if self.theirs >= 0:
            os.close(self.theirs)

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")
