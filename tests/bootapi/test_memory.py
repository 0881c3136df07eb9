"""What is remembered of an API server's answers, and how often it is asked."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pyxie.bootapi.answer import Answer
from pyxie.bootapi.memory import (
    FAILED,
    FRESH,
    HELD,
    LANE,
    PATIENCE,
    RATE,
    REFUSED,
    Memory,
    Nothing,
    Pace,
)

BOOTS = Answer(kernel="http://files.example/k")
NONE = Nothing("answers 404")
AWAY = Nothing("does not answer", certain=False)


class TestMemory:
    def test_has_the_macs_of_machines_that_boot(self) -> None:
        memory = Memory()
        memory.learn("a", BOOTS, 0.0)
        memory.learn("b", NONE, 0.0)

        assert memory.macs() == ("a",)

    def test_of_a_machine_nobody_asked_about_is_none(self) -> None:
        memory = Memory()

        assert memory.known("a", 0) is None
        assert memory.is_due("a", 0)

    def test_of_a_boot_is_gone_by_while_it_is_asked_anew(self) -> None:
        memory = Memory()
        memory.learn("a", BOOTS, 0)

        assert not memory.is_due("a", FRESH - 1)
        assert memory.is_due("a", FRESH)
        assert memory.is_due("a", 5, fresh=5)
        assert memory.known("a", HELD - 1) == BOOTS
        assert memory.known("a", HELD) is None

    def test_of_a_refusal_is_short(self) -> None:
        memory = Memory()
        memory.learn("a", NONE, 0)

        assert memory.known("a", 0) == NONE
        assert not memory.is_due("a", REFUSED - 1)
        assert memory.is_due("a", REFUSED)

    def test_a_failure_undoes_nothing_that_was_said(self) -> None:
        memory = Memory()
        memory.learn("a", BOOTS, 0)
        memory.learn("a", AWAY, 30)

        assert memory.known("a", 31) == BOOTS
        assert memory.known("a", HELD) == AWAY

    def test_a_refusal_does(self) -> None:
        memory = Memory()
        memory.learn("a", BOOTS, 0)
        memory.learn("a", NONE, 1)
        assert memory.known("a", 1) == NONE

        memory.learn("a", BOOTS, 2)
        assert memory.known("a", 2) == BOOTS

    def test_of_a_failure_alone_is_asked_anew_soon(self) -> None:
        memory = Memory()
        memory.learn("a", AWAY, 0)

        assert memory.known("a", 0) == AWAY
        assert not memory.is_due("a", FAILED - 0.5)
        assert memory.is_due("a", FAILED)

    def test_made_up_machines_do_not_drive_out_one_that_boots(self) -> None:
        memory = Memory(most=10)
        memory.learn("real", BOOTS, 0)
        for number in range(1000):
            memory.learn(str(number), NONE, 1)

        assert memory.known("real", 1) == BOOTS
        assert memory.known("0", 1) is None
        assert len(memory) == 11


class TestPace:
    def test_one_machine_has_one_turn_at_a_time(self) -> None:
        pace = Pace()

        assert pace.take("a", 0, waiting=False)
        assert not pace.take("a", 0, waiting=True)
        pace.give("a", 0, failed=False)
        assert pace.take("a", 0, waiting=True)

    def test_discovers_leave_turns_to_those_that_wait_for_their_script(self) -> None:
        pace = Pace()

        assert sum(pace.take(f"d{n}", 0, waiting=False) for n in range(50)) == LANE
        assert sum(pace.take(f"s{n}", 0, waiting=True) for n in range(50)) == LANE

    def test_turns_a_second_are_bounded(self) -> None:
        pace, taken = Pace(), 0
        for number in range(10_000):  # ten seconds
            mac = str(number)
            if pace.take(mac, number / 1000, waiting=False):
                taken += 1
                pace.give(mac, number / 1000, failed=False)

        assert 10 * RATE <= taken <= 12 * RATE + 1

    def test_a_server_that_fails_is_asked_less_and_less(self) -> None:
        pace, now, asked = Pace(), 0.0, []
        for tenth in range(3000):
            now = tenth / 10
            if pace.take("a", now, waiting=False):
                asked.append(now)
                pace.give("a", now, failed=True)

        waits = [round(b - a, 1) for a, b in pairwise(asked)]
        assert waits[:8] == [0.1, 0.1, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
        assert set(waits[8:]) == {30.0}

    def test_a_dead_one_is_asked_about_one_machine_until_it_answers(self) -> None:
        pace = Pace()
        for number in range(PATIENCE):
            pace.take(str(number), 0, waiting=False)
            pace.give(str(number), 0, failed=True)
        assert pace.is_dead

        assert [pace.take(f"x{n}", 1, waiting=False) for n in range(3)] == [True, False, False]
        pace.give("x0", 2, failed=False)
        assert not pace.is_dead
        assert [pace.take(f"y{n}", 2, waiting=False) for n in range(3)] == [True] * 3

    def test_counts_the_turns_that_are_in_hand(self) -> None:
        pace = Pace()
        pace.take("a", 0, waiting=False)
        pace.take("b", 0, waiting=True)
        pace.give("a", 1, failed=False)

        assert len(pace) == 1


class TestForAnyCourse:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from("abcdefghij"),
                st.sampled_from([0.0, 0.5, 1.0, 5.0, 20.0, 31.0, 600.0]),
                st.sampled_from([BOOTS, NONE, AWAY]),
                st.booleans(),
            ),
            max_size=60,
        )
    )
    def test_memory_and_turns_stay_within_bounds_and_nothing_is_locked_out(
        self, steps: list[tuple[str, float, Answer | Nothing, bool]]
    ) -> None:
        memory, pace, now = Memory(most=3), Pace(), 0.0
        for mac, wait, said, waiting in steps:
            now += wait
            if memory.is_due(mac, now) and pace.take(mac, now, waiting=waiting):
                pace.give(mac, now, failed=said is AWAY)
                memory.learn(mac, said, now)
            assert len(memory) <= 6
            assert len(pace) == 0

        later = now + HELD
        assert all(memory.is_due(mac, later) for mac in "abcdefghij")
        assert pace.take("a", later, waiting=False)
