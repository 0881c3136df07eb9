"""One command, run to its end or to its time, with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

MOST_OUTPUT = 64 << 10
"""Bytes of output that are kept: the last ones, since errors stand at the end."""


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
    """Run a program in a process group of its own; the group is gone when this returns.

    Args:
        command: The program and its arguments; no shell looks at them.
        seconds: After which it is killed.
        environment: All that it is given.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else str(exc)
        return Outcome(ok=False, result=f"{command[0]!r} cannot be run: {why}")
    kept = bytearray()
    late = False
    try:
        async with asyncio.timeout(seconds):
            # A child in the background keeps the pipe open: it belongs to the hook too.
            await _drain(process.stdout, kept)
            await process.wait()
    except TimeoutError:
        late = True
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())
    output = kept.decode(errors="replace")
    if late:
        return Outcome(ok=False, result=f"killed after {seconds:g} s", output=output)
    code = process.returncode or 0
    result = f"exit code {code}" if code >= 0 else f"died of signal {-code}"
    return Outcome(ok=code == 0, result=result, output=output)


async def _drain(stream: asyncio.StreamReader | None, kept: bytearray) -> None:
    while stream is not None and (piece := await stream.read(MOST_OUTPUT)):
        kept += piece
        del kept[:-MOST_OUTPUT]
