"""What a token may do."""

from __future__ import annotations

import pytest

from pyxie.access.scope import Scope, Token


class TestScopes:
    @pytest.mark.parametrize(
        ("held", "may"),
        [
            (Scope.READ, [Scope.READ]),
            (Scope.BUILD, [Scope.READ, Scope.BUILD]),
            (Scope.ADMIN, [Scope.READ, Scope.BUILD, Scope.ADMIN]),
        ],
    )
    def test_each_may_do_what_those_before_it_may(self, held: Scope, may: list[Scope]) -> None:
        assert [needed for needed in Scope if held.covers(needed)] == may


class TestToken:
    def test_is_told_without_a_secret(self) -> None:
        token = Token("ci", Scope.BUILD, created=1.5, expires=None)

        assert token.as_json() == {"name": "ci", "scope": "build", "created": 1.5, "expires": None}
