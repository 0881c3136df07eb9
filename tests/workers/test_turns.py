"""Whose job is next: in turn, but never two of one machine's at once."""

from __future__ import annotations

import pytest

from pyxie.errors import BusyError
from pyxie.workers.turns import Turns


def waiting(*jobs: tuple[str, int], most: int = 10, share: int = 5) -> Turns[int]:
    turns: Turns[int] = Turns(most, share)
    for whose, job in jobs:
        turns.put(whose, job)
    return turns


class TestJobs:
    def test_are_taken_in_the_order_in_which_they_came(self) -> None:
        turns = waiting(("a", 1), ("b", 2), ("c", 3))

        assert [turns.take() for _ in range(4)] == [1, 2, 3, None]

    def test_of_a_machine_wait_for_the_one_in_hand_and_others_go_past(self) -> None:
        turns = waiting(("a", 1), ("a", 2), ("b", 3))

        assert [turns.take() for _ in range(3)] == [1, 3, None]
        turns.done("a")
        assert turns.take() == 2

    def test_of_nobody_wait_for_none(self) -> None:
        turns = waiting(("", 1), ("", 2))

        assert [turns.take(), turns.take()] == [1, 2]

    def test_are_counted_while_they_wait(self) -> None:
        turns = waiting(("a", 1), ("a", 2))
        turns.take()

        assert len(turns) == 1


class TestTooMany:
    def test_of_all_are_refused(self) -> None:
        turns = waiting(("a", 1), ("b", 2), most=2)

        with pytest.raises(BusyError, match="templates: 2 wait already; try again"):
            turns.put("c", 3)

    def test_of_one_machine_are_refused_and_others_are_not(self) -> None:
        turns = waiting(("a", 1), ("a", 2), share=2)

        with pytest.raises(BusyError, match="a: more is asked for than is rendered yet"):
            turns.put("a", 3)
        turns.put("b", 4)

    def test_a_machine_may_ask_again_once_its_own_are_done(self) -> None:
        turns = waiting(("a", 1), share=1)
        turns.take()
        turns.done("a")

        turns.put("a", 2)

        assert turns.take() == 2
        turns.done("a")
        assert turns.take() is None
