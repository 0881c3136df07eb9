"""Clients as other programs, run from an event loop in which pyxie serves."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def run(*command: str | Path, cwd: Path, patience: float = 60.0) -> tuple[int | None, str]:
    """Run a client; return its exit status and what it printed.

    Args:
        command: The client.
        cwd: Where it runs.
        patience: Seconds that it may take.

    Raises:
        TimeoutError: It had not ended by then, and is killed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(patience):
            printed, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode, printed.decode(errors="replace")
