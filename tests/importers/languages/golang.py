"""Small programs in Go, by which the old templates are rendered."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests import needs

LIBRARIES = Path("/usr/share/gocode")
"""Where Debian keeps those that are packaged."""


def built(name: str, folder: Path) -> Path:
    """Build the program in this folder's file ``name``; skips the test where Go is missing."""
    go = needs.program("go", "golang-go")
    program = folder / Path(name).stem
    subprocess.run(
        [go, "build", "-o", program, Path(__file__).with_name(name)],
        check=True,
        env={
            **os.environ,
            "GO111MODULE": "off",
            "GOPATH": str(LIBRARIES),
            "GOCACHE": str(folder / "cache"),
            "CGO_ENABLED": "0",
        },
    )
    return program
