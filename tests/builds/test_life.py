from __future__ import annotations

import itertools

import pytest

from pyxie.builds.life import ACTIVE, NEXT, Build, State, TransitionError


def build(state: State) -> Build:
    return Build(
        host="web01", token="secret", state=state, begun=1.0, changed=2.0, macs=(), definition="{}"
    )


LEGAL = {
    (State.PENDING, State.INSTALLING),
    (State.PENDING, State.STALE),
    (State.PENDING, State.INSTALLED),
    (State.PENDING, State.FAILED),
    (State.PENDING, State.CANCELLED),
    (State.PENDING, State.REPLACED),
    (State.INSTALLING, State.STALE),
    (State.INSTALLING, State.INSTALLED),
    (State.INSTALLING, State.FAILED),
    (State.INSTALLING, State.CANCELLED),
    (State.INSTALLING, State.REPLACED),
    (State.STALE, State.INSTALLED),
    (State.STALE, State.FAILED),
    (State.STALE, State.CANCELLED),
    (State.STALE, State.REPLACED),
}


class TestTransitions:
    @pytest.mark.parametrize(("now", "to"), sorted(LEGAL))
    def test_a_legal_step_gives_the_build_in_its_new_state(self, now: State, to: State) -> None:
        after = build(now).to(to, 3.0)

        assert (after.state, after.changed, after.begun, after.token) == (to, 3.0, 1.0, "secret")

    @pytest.mark.parametrize(
        ("now", "to"), sorted(set(itertools.product(State, State)) - LEGAL), ids=str
    )
    def test_any_other_step_is_refused(self, now: State, to: State) -> None:
        with pytest.raises(TransitionError) as caught:
            build(now).to(to, 3.0)

        assert str(caught.value) == f"the build of web01 is {now} and cannot become {to}"

    def test_every_state_is_in_the_table(self) -> None:
        assert set(NEXT) == set(State)


class TestActive:
    def test_a_machine_is_in_build_mode_until_its_build_has_ended(self) -> None:
        assert {State.PENDING, State.INSTALLING, State.STALE} == ACTIVE
        assert [state for state in State if build(state).active] == sorted(
            ACTIVE, key=list(State).index
        )
