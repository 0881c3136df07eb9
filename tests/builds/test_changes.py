from __future__ import annotations

from dataclasses import replace

import pytest

from pyxie.builds.changes import Change, Collated, Noted, collate, digests
from pyxie.builds.life import Build, GivenFile, State

KERNEL = GivenFile(part="kernel", sha256="ab" * 32, verified="")
DIGESTS = f'[{{"part": "kernel", "sha256": "{"ab" * 32}", "verified": ""}}]'


def build(number: int = 1, state: State = State.INSTALLING, **more: object) -> Build:
    made = Build(
        host=f"web{number:02}",
        token=f"token {number}",
        number=number,
        state=state,
        begun=100.0,
        changed=160.0,
        macs=(),
        definition="{}",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def columns(state: State, **more: object) -> dict[str, object]:
    return {
        "state": str(state),
        "changed": 160.0,
        "mac": None,
        "reason": "",
        "digests": None,
        **more,
    }


class TestSeveralChanges:
    def test_of_several_builds_are_written_by_one_statement(self) -> None:
        changes = [Change(build(number), "booting", "192.0.2.8") for number in (1, 2)]

        found = collate({1: State.PENDING, 2: State.PENDING}, changes)

        assert found.taken == changes
        assert found.rows == [
            [{"number": number, **columns(State.INSTALLING)} for number in (1, 2)]
        ]
        assert found.ended == []

    def test_of_one_build_are_steps_of_which_the_last_stays(self) -> None:
        changes = [
            Change(build(), "booting", None),
            Change(build(state=State.INSTALLED), "done", None),
        ]

        found = collate({1: State.PENDING}, changes)

        assert found.taken == changes
        assert found.columns == {1: columns(State.INSTALLED)}
        assert found.ended == [1]

    def test_after_its_end_are_none(self) -> None:
        changes = [
            Change(build(state=State.INSTALLED), "done", None),
            Change(build(state=State.FAILED), "failed", None),
        ]

        found = collate({1: State.INSTALLING}, changes)

        assert found.taken == changes[:1]
        assert found.columns == {1: columns(State.INSTALLED)}


class TestAChange:
    @pytest.mark.parametrize(
        ("before", "now", "counts"),
        [
            (State.PENDING, State.INSTALLING, True),
            (State.STALE, State.INSTALLED, True),
            (State.INSTALLED, State.INSTALLED, False),
            (State.REPLACED, State.INSTALLING, False),
            (State.REPLACED, State.INSTALLED, True),
            (None, State.INSTALLED, False),
        ],
    )
    def test_counts_by_what_is_stored(
        self, before: State | None, now: State, *, counts: bool
    ) -> None:
        """An end that was accepted counts, though another build began before it was stored."""
        states = {} if before is None else {1: before}

        found = collate(states, [Change(build(state=now), "", None)])

        assert bool(found.taken) is counts
        assert bool(found.rows) is counts

    def test_has_a_log_without_zeros_for_postgresql_takes_none(self) -> None:
        failed = Change(build(state=State.FAILED), "failed", None, log="no\0disk")

        found = collate({1: State.INSTALLING}, [failed])

        assert found.columns == {1: columns(State.FAILED, log="no\ufffddisk")}

    def test_with_a_log_is_a_statement_of_its_own(self) -> None:
        changes = [
            Change(build(1, State.FAILED), "failed", None, log="no disk"),
            Change(build(2), "booting", None),
        ]

        found = collate({1: State.PENDING, 2: State.PENDING}, changes)

        assert [[row["number"] for row in rows] for rows in found.rows] == [[1], [2]]


class TestWhatAMachineWasGiven:
    def test_is_written_and_no_step(self) -> None:
        found = collate({1: State.INSTALLING}, [Noted(build(given=(KERNEL,)))])

        assert found == Collated(taken=[], columns={1: {"digests": DIGESTS}})

    def test_is_what_was_said_last(self) -> None:
        changes: list[Change | Noted] = [Noted(build())]
        changes += [Change(build(given=(KERNEL,)), "booting", None)]

        found = collate({1: State.PENDING}, changes)

        assert found.columns == {1: columns(State.INSTALLING, digests=DIGESTS)}

    def test_is_nothing_at_first(self) -> None:
        assert digests(build()) is None
