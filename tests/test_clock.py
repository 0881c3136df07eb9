"""What goes on whatever somebody sets, and what is believed of what was stored."""

from __future__ import annotations

import time

import pytest

from pyxie.clock import LONGEST, age, steady
from tests.support import A_DAY_BACK, YEARS


def test_steady_time_goes_on_and_counts_the_computers_sleep() -> None:
    before, awake = steady(), time.monotonic()

    assert steady() >= before
    assert steady() >= awake


@pytest.mark.parametrize(
    ("passed", "believed"),
    [(0.0, 0.0), (3600.0, 3600.0), (LONGEST, LONGEST), (YEARS, None), (A_DAY_BACK, None)],
)
def test_an_age_is_believed_for_a_year_and_never_in_the_future(
    passed: float, believed: float | None
) -> None:
    assert age(1e9, 1e9 + passed) == believed
