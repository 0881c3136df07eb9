"""Clients as other programs, run from an event loop in which pyxie serves."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def run(*command: str | Path, cwd: Path) -> tuple[int | None, str]:
    """Run a client; return its exit status and what it printed.

    Raises:
        TimeoutError: It had not ended in a minute, and is killed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(60):
            printed, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode, printed.decode(errors="replace")
