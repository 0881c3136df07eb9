"""The list of screens."""

from __future__ import annotations

from pyxie.http.page.screens import SCREENS


class TestTheList:
    def test_has_each_once(self) -> None:
        assert len({screen.name for screen in SCREENS}) == len(SCREENS)
        assert len({screen.path for screen in SCREENS}) == len(SCREENS)
        assert SCREENS[0].path == "/"
