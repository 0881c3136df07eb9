from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyxie.tftp.deadlines import Deadlines


def test_nothing_is_due_at_first() -> None:
    deadlines = Deadlines()

    assert deadlines.next() is None
    assert deadlines.due(100.0, most=9) == []


def test_numbers_come_up_at_their_moment_the_earliest_first() -> None:
    deadlines = Deadlines()
    deadlines.note(1, 3.0)
    deadlines.note(2, 2.0)
    deadlines.note(3, 4.0)

    assert deadlines.next() == 2.0
    assert deadlines.due(3.0, most=9) == [2, 1]
    assert deadlines.next() == 4.0


def test_each_comes_up_once() -> None:
    deadlines = Deadlines()
    deadlines.note(1, 3.0)
    deadlines.note(1, 2.0)

    assert deadlines.due(9.0, most=9) == [1]
    assert deadlines.due(9.0, most=9) == []


def test_the_same_moment_takes_no_room_twice() -> None:
    deadlines = Deadlines()
    for _ in range(2):
        deadlines.note(1, 2.0)

    assert len(deadlines._heap) == 1


def test_a_later_moment_does_not_replace_an_earlier_one() -> None:
    deadlines = Deadlines()
    deadlines.note(1, 2.0)
    deadlines.note(1, 5.0)

    assert deadlines.due(2.0, most=9) == [1]


def test_what_was_forgotten_does_not_come_up() -> None:
    deadlines = Deadlines()
    deadlines.note(1, 2.0)
    deadlines.forget(1)
    deadlines.note(1, 3.0)

    assert deadlines.due(2.0, most=9) == []
    assert deadlines.due(3.0, most=9) == [1]


def test_many_at_once_come_up_in_portions() -> None:
    deadlines = Deadlines()
    for number in range(5):
        deadlines.note(number, 1.0)

    assert deadlines.due(1.0, most=3) == [0, 1, 2]
    assert deadlines.next() == 1.0
    assert deadlines.due(1.0, most=3) == [3, 4]


def test_what_is_forgotten_takes_no_room_for_long() -> None:
    deadlines = Deadlines()
    for number in range(1000):
        deadlines.note(number, 60.0)
        deadlines.forget(number)

    assert len(deadlines._heap) <= 65
    deadlines.note(7, 1.0)
    assert deadlines.due(1.0, most=9) == [7]


def test_the_earliest_comes_first_after_that_as_well() -> None:
    deadlines = Deadlines()
    for number in range(10):
        deadlines.note(number, 10.0 - number)
    for number in range(1000, 1100):
        deadlines.note(number, 60.0)
    for number in range(1000, 1100):
        deadlines.forget(number)

    assert deadlines.due(20.0, most=99) == [*range(9, -1, -1)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.booleans()), max_size=40))
def test_whatever_happens_the_earliest_noted_comes_up(steps: list[tuple[int, int, bool]]) -> None:
    deadlines = Deadlines()
    expected: dict[int, int] = {}
    for number, when, forget in steps:
        if forget:
            deadlines.forget(number)
            expected.pop(number, None)
        else:
            deadlines.note(number, when)
            expected[number] = min(when, expected.get(number, when))

    for now in range(10):
        due = {number for number, when in expected.items() if when == now}
        assert set(deadlines.due(now, most=99)) == due
