"""Small programs in Go, by which the old templates are rendered."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import needs

LIBRARIES = Path("/usr/share/gocode")
"""Where Debian keeps those that are packaged."""


def built(name: str, folder: Path, config: pytest.Config) -> Path:
    """Build the program in this folder's file ``name``; skips the test where Go is missing.

    What Go compiles it keeps in pytest's cache, for all workers and for the next run.
    """
    go = needs.program("go", "golang-go")
    program = folder / Path(name).stem
    cache: pytest.Cache | None = getattr(config, "cache", None)
    kept = folder / "cache" if cache is None else cache.mkdir("go")
    subprocess.run(
        [go, "build", "-o", program, Path(__file__).with_name(name)],
        check=True,
        env={
            **os.environ,
            "GO111MODULE": "off",
            "GOPATH": str(LIBRARIES),
            "GOCACHE": str(kept),
            # Debian's library is compiled with it, and would be compiled anew without.
            "CGO_ENABLED": "1" if shutil.which("gcc") else "0",
        },
    )
    return program
