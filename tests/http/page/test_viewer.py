"""Who looks at the page."""

from __future__ import annotations

from pyxie.access.scope import Scope
from pyxie.http.page.viewer import Viewer


class TestAViewer:
    def test_may_what_their_scope_covers(self) -> None:
        viewer = Viewer("token ci", Scope.BUILD)

        assert [viewer.may(scope) for scope in Scope] == [True, True, False]

    def test_without_a_scope_may_nothing(self) -> None:
        assert not Viewer("198.51.100.66", None).may(Scope.READ)
