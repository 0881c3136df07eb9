"""Starts on a state and is killed before a statement: ``python -m tests.store.killed``.

Each line of standard input is a folder and a number; what the child ended with is printed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import alembic.command  # noqa: F401  (so that no child has to)

from tests.builds.stores import opened, url
from tests.store.revisions import before_statements


async def start(folder: Path, number: int) -> None:
    """Open a state; end as by `kill -9` before the statement of that number."""
    left = number

    def count(_sql: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    with before_statements(count):
        async with opened(url(folder)):
            pass


def main() -> None:
    for line in iter(sys.stdin.readline, ""):
        folder, _, number = line.rpartition(" ")
        child = os.fork()
        if child == 0:
            asyncio.run(start(Path(folder), int(number)))
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
