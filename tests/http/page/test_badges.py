"""How states look."""

from __future__ import annotations

from pyxie.builds.life import State
from pyxie.http.page.badges import LOOKS


class TestLooks:
    def test_each_state_of_a_build_has_one(self) -> None:
        assert LOOKS.keys() == set(State)
