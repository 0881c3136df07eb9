"""Starts daemons by forking: ``python -m tests.forks``, for tests that start very many.

Each line of standard input is a ``config.yaml``. The daemon's process number is printed;
then, once it has ended, its exit status. What daemons log goes to standard error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyxie.daemon  # noqa: F401  (so that no child has to)
from pyxie.config.settings import load
from pyxie.launch import run


def main() -> None:
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(2, 1)
            file = Path(line.strip())
            run(file, load(file))
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
