"""The folders that pyxie uses, and their disks."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest

from pyxie.doctor.found import Finding, Severity
from pyxie.doctor.storage import MACHINES, STATE, STORE, Folder, judge

PLACE = PurePath("/var/lib/pyxie")
STOPS, LOOK = Severity.STOPS, Severity.LOOK


def found(what: str, **said: Any) -> list[Finding]:
    return [*judge([Folder(what=what, path=PLACE, **said)])]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (STATE, {}),
        (STATE, {"there": False}),
        (STORE, {"there": False}),
        (MACHINES, {"read_only": True}),
        (MACHINES, {"free": 0}),
        (STORE, {"inodes": 100}),
    ],
)
def test_a_folder_that_does_is_not_told(what: str, said: dict[str, Any]) -> None:
    assert found(what, **said) == []


@pytest.mark.parametrize(
    ("what", "said", "code", "severity", "words"),
    [
        (STATE, {"free": 1 << 20}, "disk-full", STOPS, "has 1.0 MB left: builds cannot begin"),
        (STORE, {"free": 1 << 20}, "disk-full", LOOK, "nothing more is kept"),
        (STATE, {"inodes": 0}, "disk-full", STOPS, "can hold no more files"),
        (STORE, {"inodes": 0}, "disk-full", LOOK, "can hold no more files"),
        (STATE, {"read_only": True}, "disk-read-only", STOPS, "read-only"),
        (MACHINES, {"there": False}, "folder-missing", LOOK, "pyxie knows no machine"),
        (STATE, {"why": "hangs\n"}, "disk-unread", LOOK, "hangs?"),
    ],
)
def test_one_that_does_not_is_told(
    what: str, said: dict[str, Any], code: str, severity: Severity, words: str
) -> None:
    (one,) = found(what, **said)

    assert (one.code, one.severity) == (code, severity)
    assert words in one.sentence
    assert str(PLACE) in one.sentence
