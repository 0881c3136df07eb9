"""That something was mounted is told by the kernel, without waiting for a file system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import program

TELLS = """
import subprocess, sys
from pyxie.inotify import Mounts
mounts, folder = Mounts(), sys.argv[1]
found = [mounts.changed()]
for command in (["mount", "-t", "tmpfs", "none", folder], ["umount", folder]):
    subprocess.run(command, check=True)
    found += [mounts.changed(), mounts.changed()]
print(found)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_each_mount_is_told_of_once(tmp_path: Path) -> None:
    unshare = [program("unshare", "util-linux"), "-m", "--propagation", "private"]

    told = subprocess.check_output([*unshare, sys.executable, "-c", TELLS, tmp_path], text=True)

    assert told == "[False, True, False, True, False]\n"
