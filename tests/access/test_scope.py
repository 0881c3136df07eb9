"""What a token may do."""

from __future__ import annotations

import pytest

from pyxie.access.scope import Scope, Token, key


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


class TestASecret:
    def test_is_stored_by_its_sha_256(self) -> None:
        # FIPS 180-2, appendix B.1.
        assert key(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
