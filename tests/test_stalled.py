"""A run that stands still is ended; tried on one that does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_FROZEN = """\
import os, signal

def test_that_stops_its_worker():
    os.kill(os.getpid(), signal.SIGSTOP)

def test_that_waits_for_it():
    pass
"""


def test_a_run_of_which_nothing_ends_says_which_tests_it_was_at(tmp_path: Path) -> None:
    (tmp_path / "test_frozen.py").write_text(_FROZEN)
    plugins = ["-p", "tests.stalled", "-p", "no:cacheprovider", "--noconftest"]
    options = ["-n", "1", "-c", "/dev/null", "--rootdir", str(tmp_path), "-o", "stalled_timeout=1"]

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, str(tmp_path)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 1
    assert "no test has ended for 1 s; begun, and not ended:" in run.stdout
    assert "test_frozen.py::test_that_stops_its_worker" in run.stdout
