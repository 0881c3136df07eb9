"""What the lab needs from the machine it runs on, with the package to install for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Where Debian keeps ip, bridge and dnsmasq; not on every user's PATH.
_SBIN = "/usr/sbin:/sbin"


class MissingError(Exception):
    """The lab cannot be laid here; a test skips with this text, in CI it fails.

    Attributes:
        what: The program, file or right that is missing.
        remedy: What to do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} is missing: {self.remedy}"


def program(name: str, package: str) -> str:
    """Return the full path of a program, or say which Debian package has it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if found is None:
        raise MissingError(name, f"apt install {package}")
    return found


def file(path: str | Path, package: str) -> Path:
    """Return the path of a file that exists, or say which Debian package has it."""
    path = Path(path)
    if not path.is_file():
        raise MissingError(str(path), f"apt install {package}")
    return path


def root() -> None:
    """Network namespaces and taps are made by root only."""
    if os.geteuid() != 0:
        raise MissingError("the right to make network namespaces", "run this as root")
