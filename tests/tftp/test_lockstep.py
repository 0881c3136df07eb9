from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pyxie.tftp.framing import PIECE, Run
from pyxie.tftp.lockstep import Steps, answers
from pyxie.tftp.packet import ack

BLKSIZE, PACKET = 8, 12
AT = 0x10_0000
"""Where runs are in memory; nothing looks there."""
ONE, OTHER = b"one", b"other"


def run_of(count: int, first: int = 1) -> Run:
    run = Run(bytes(PACKET * count), first, PACKET)
    run.at(AT)
    return run


def stepping(run: Run, block: int = 1) -> Steps:
    steps = Steps()
    steps.fall_in(run, (block - run.first) * PACKET, run.address)
    return steps


def piece(block: int, first: int = 1) -> bytes:
    return PIECE.pack(AT + (block - first) * PACKET, PACKET)


class TestAnswers:
    def test_are_the_next_blocks_of_all_who_are_in_step(self) -> None:
        run = run_of(5)
        steps = {ONE: stepping(run, 1), OTHER: stepping(run, 3)}

        to, pieces, rest = answers(steps, (OTHER, ONE), (ack(3), ack(1)), 7.0)

        assert (to, pieces, rest) == ((OTHER, ONE), [piece(4), piece(2)], [])
        assert [(each.at, each.went_at) for each in steps.values()] == [(1, 7.0), (3, 7.0)]

    def test_are_none_to_strangers_nor_to_what_is_not_expected(self) -> None:
        run = run_of(5)
        steps = {ONE: stepping(run, 2), OTHER: Steps()}
        said = [(b"stranger", ack(2)), (OTHER, ack(0)), (ONE, ack(1)), (ONE, b""), (ONE, ack(3))]

        to, pieces, rest = answers(steps, [n for n, _ in said], [d for _, d in said], 7.0)

        assert (to, pieces) == ([], [])
        assert rest == [(b"stranger", ack(2)), (OTHER, ack(0)), (ONE, b"")]
        assert (steps[ONE].at, steps[ONE].untold()) == (1, None)

    def test_leave_nothing_to_be_done_for_what_came_twice(self) -> None:
        """A cable that doubles is no reason to fall out of step."""
        run = run_of(5)
        steps = {ONE: stepping(run, 1), OTHER: stepping(run, 1)}

        to, pieces, rest = answers(steps, (ONE, ONE, OTHER), (ack(1), ack(1), ack(0)), 7.0)

        assert (to, pieces, rest) == ([ONE], [piece(2)], [])
        assert answers(steps, (ONE,), (ack(1),), 7.0) == ([], [], [])
        assert answers(steps, (ONE,), (ack(2),), 7.0) == ((ONE,), [piece(3)], [])

    def test_leave_what_is_expected_only_after_that(self) -> None:
        steps = {ONE: stepping(run_of(5), 1)}

        to, pieces, rest = answers(steps, (ONE, ONE), (ack(2), ack(1)), 7.0)

        assert (to, pieces, rest) == ([ONE], [piece(2)], [(ONE, ack(2))])

    def test_are_none_at_a_runs_end_which_may_be_short(self) -> None:
        run = Run(bytes(PACKET * 2 + 5), 1, PACKET)
        run.at(AT)
        steps = {ONE: stepping(run, 2), OTHER: stepping(run, 3)}

        assert answers(steps, (ONE, OTHER), (ack(2), ack(3)), 7.0)[0] == []

    def test_are_none_of_a_run_that_is_forgotten(self) -> None:
        run = run_of(5)
        steps = {ONE: stepping(run, 2)}

        run.forget()

        assert answers(steps, (ONE,), (ack(2),), 7.0) == ([], [], [(ONE, ack(2))])
        assert answers(steps, (ONE,), (ack(1),), 7.0) == ([], [], [])

    def test_are_for_the_very_names_where_all_are_to_be_sent_something(self) -> None:
        """Which may be in the kernel's memory still, and need not be written there again."""
        run, names = run_of(5), (ONE, OTHER)
        steps = {ONE: stepping(run, 1), OTHER: stepping(run, 1)}

        assert answers(steps, names, (ack(1), ack(1)), 7.0)[0] is names
        assert answers(steps, names, (ack(2), ack(3)), 7.0)[0] == [ONE]
        assert answers(steps, (OTHER,), (ack(2),), 7.0) == ((OTHER,), [piece(3)], [])

    def test_are_none_to_who_has_fallen_out_of_step(self) -> None:
        steps = {ONE: stepping(run_of(5), 2)}

        steps[ONE].fall_out()

        assert answers(steps, (ONE,), (ack(2),), 7.0) == ([], [], [(ONE, ack(2))])

    @given(
        st.lists(
            st.tuples(st.sampled_from((ONE, OTHER, b"?")), st.integers(65530, 65545).map(ack))
        ),
        st.integers(65530, 65536),
        st.integers(65530, 65536),
    )
    def test_are_as_if_each_was_asked_alone(
        self, said: list[tuple[bytes, bytes]], one: int, other: int
    ) -> None:
        """Whoever says the number of the block that is out gets the next, up to the last.

        That one's number is left then; numbers of others of its client's mean nothing.
        """
        first, count = 65530, 7
        run = run_of(count, first)
        steps = {ONE: stepping(run, one), OTHER: stepping(run, other)}
        out = {ONE: one, OTHER: other}
        expected: list[tuple[bytes, bytes]] = []
        left = []
        for name, datagram in said:
            block = out.get(name)
            if block is not None and datagram == ack(block) and block < first + count - 1:
                out[name] = block + 1
                expected.append((name, piece(block + 1, first)))
            else:
                left.append((name, datagram))

        to, pieces, rest = answers(steps, [n for n, _ in said], [d for _, d in said], 7.0)

        assert [*zip(to, pieces, strict=True)] == expected
        assert rest == [
            (name, datagram)
            for name, datagram in left
            if name not in out or datagram == ack(out[name])
        ]
        assert {name: run.first + each.at for name, each in steps.items()} == out


def test_the_transfer_is_told_once_which_block_is_out_since_when() -> None:
    steps = stepping(run_of(5), 2)

    assert steps.untold() is None
    steps.answer(ack(2), 7.0)

    assert steps.untold() == (3, 7.0, -math.inf)
    assert steps.untold() is None


def test_and_in_how_long_the_last_was_answered_that_went_out_so() -> None:
    steps = stepping(run_of(9), 2)
    steps.answer(ack(2), 7.0)
    steps.answer(ack(3), 7.5)

    assert steps.untold() == (4, 7.5, 0.5)
    steps.answer(ack(4), 9.5)
    assert steps.untold() == (5, 9.5, 2.0)

    steps.fall_out()
    assert steps.untold() is None

    steps.fall_in(run_of(9), 0, AT)
    assert steps.untold() is None
    steps.answer(ack(1), 10.0)
    assert steps.untold() == (2, 10.0, -math.inf)


def test_a_piece_tells_which_block_it_is() -> None:
    steps = stepping(run_of(5, 41), 41)

    assert steps.place(piece(43, 41)) == (2 * PACKET, PACKET, 43)
