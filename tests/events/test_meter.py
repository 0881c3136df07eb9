from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pyxie.events.meter import Meter


def test_a_short_transfer_is_not_told_of() -> None:
    meter = Meter(10.0)

    assert not meter.due(5000, 10.99)


def test_a_long_one_is_told_of_once_a_second() -> None:
    meter = Meter(10.0)

    told = [meter.due(n, 10.0 + n / 10) for n in range(1, 36)]

    assert [n for n, each in enumerate(told, start=1) if each] == [10, 20, 30]


def test_one_that_stands_still_is_not_told_of_until_it_goes_on() -> None:
    meter = Meter(10.0)

    assert not meter.due(0, 12.0)
    assert meter.due(1, 12.1)
    assert not meter.due(1, 15.0)
    assert meter.due(2, 15.1)


@given(st.lists(st.tuples(st.integers(0, 10), st.floats(0, 3)), max_size=50))
def test_it_is_never_told_of_twice_within_a_second(moves: list[tuple[int, float]]) -> None:
    meter, now, told = Meter(0.0), 0.0, [0.0]
    for sent, later in moves:
        now += later
        if meter.due(sent, now):
            told.append(now)

    assert all(after - before >= 1.0 for before, after in pairwise(told))
