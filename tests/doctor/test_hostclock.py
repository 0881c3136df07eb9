"""This host's clock."""

from __future__ import annotations

import pytest

from pyxie.doctor.found import Severity
from pyxie.doctor.hostclock import EARLIEST, LATEST, judge

SYNCHRONISED, UNSYNCHRONISED = 0x2001, 0x2041
NOW = 1_790_000_000.0


@pytest.mark.parametrize("status", [SYNCHRONISED, None])
def test_one_that_something_keeps_right_is_right(status: int | None) -> None:
    assert list(judge(NOW, status)) == []


def test_one_that_nothing_keeps_right_is_to_be_looked_at() -> None:
    (found,) = judge(NOW, UNSYNCHRONISED)

    assert (found.code, found.severity) == ("clock-unsynchronised", Severity.LOOK)


@pytest.mark.parametrize(
    ("now", "when"), [(0.0, "before 2026"), (EARLIEST - 1, "before 2026"), (LATEST, "after 2099")]
)
def test_one_that_is_years_off_stops_what_is_verified(now: float, when: str) -> None:
    (found,) = judge(now, SYNCHRONISED)

    assert (found.code, found.severity) == ("clock-wrong", Severity.STOPS)
    assert found.sentence.startswith(f"this host's clock says that it is {when}:")
