"""How long builds last, and which ends may be told again."""

from __future__ import annotations

import pytest

from pyxie.builds.elapsed import DONE_AGAIN, Elapsed
from pyxie.builds.life import State

HOST, TOKEN = "web01", "0-t0ken"


class TestABuild:
    def test_lasts_from_its_begin(self) -> None:
        elapsed = Elapsed()

        elapsed.began(TOKEN, -100.0)

        assert elapsed.lasts(TOKEN, 20.0) == 120.0

    def test_that_has_not_begun_lasts_no_time(self) -> None:
        assert Elapsed().lasts(TOKEN, 20.0) == 0.0

    @pytest.mark.parametrize("state", [State.CANCELLED, State.REPLACED, State.FAILED])
    def test_that_has_ended_lasts_no_more(self, state: State) -> None:
        elapsed = Elapsed()
        elapsed.began(TOKEN, 0.0)

        elapsed.ended(HOST, TOKEN, state, 10.0)

        assert elapsed.lasts(TOKEN, 20.0) == 0.0


class TestAnEnd:
    @pytest.mark.parametrize("state", [State.INSTALLED, State.FAILED])
    def test_may_be_told_again_for_a_day(self, state: State) -> None:
        elapsed = Elapsed()

        elapsed.ended(HOST, TOKEN, state, 10.0)

        assert elapsed.repeats(HOST, TOKEN, state, 10.0 + DONE_AGAIN - 1)
        assert not elapsed.repeats(HOST, TOKEN, state, 10.0 + DONE_AGAIN)

    @pytest.mark.parametrize("state", [State.CANCELLED, State.REPLACED])
    def test_that_no_installer_tells_is_not_kept(self, state: State) -> None:
        elapsed = Elapsed()

        elapsed.ended(HOST, TOKEN, state, 10.0)

        assert not elapsed.repeats(HOST, TOKEN, state, 10.0)
        assert len(elapsed) == 0

    def test_is_no_other_end_and_of_no_other_build(self) -> None:
        elapsed = Elapsed()

        elapsed.ended(HOST, TOKEN, State.INSTALLED, 10.0)

        assert not elapsed.repeats(HOST, TOKEN, State.FAILED, 10.0)
        assert not elapsed.repeats(HOST, "1-other", State.INSTALLED, 10.0)
        assert not elapsed.repeats("web02", TOKEN, State.INSTALLED, 10.0)

    def test_of_over_a_day_ago_is_forgotten(self) -> None:
        elapsed = Elapsed()
        elapsed.ended(HOST, TOKEN, State.INSTALLED, 10.0)
        elapsed.ended(HOST, "1-later", State.INSTALLED, 20.0)

        elapsed.forget(15.0 + DONE_AGAIN)

        assert len(elapsed) == 1
        assert elapsed.repeats(HOST, "1-later", State.INSTALLED, 15.0 + DONE_AGAIN)
