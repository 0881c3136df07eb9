"""Programs that tests drive, and what becomes of a test where one is not installed."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from tests.lab import needs


def program(name: str, package: str) -> str:
    """Return the full path of a program; without it, see `missing`."""
    try:
        return needs.program(name, package)
    except needs.MissingError as exc:
        missing(str(exc))


def missing(what: str) -> NoReturn:
    """Skip the test and tell which Debian package to install.

    Except under ``CI=true``, where nothing may be missing and it fails.
    """
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
