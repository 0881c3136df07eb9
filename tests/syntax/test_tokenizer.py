"""An expression in tokens, taken one by one."""

from __future__ import annotations

import re

import pytest

from pyxie.syntax.tokenizer import Cursor, Token, UnreadableError, tokenize

PATTERN = re.compile(r"(?P<string>'[^']*')|(?P<name>[a-z]+)|(?P<symbol>[()])|(?P<space> +)")

A, OPEN, B = Token("name", "a", 0), Token("symbol", "(", 1), Token("name", "b", 2)


def cursor() -> Cursor:
    return Cursor([A, OPEN, B], 3)


def taken(at: int) -> Cursor:
    """One of which so many tokens are taken."""
    found = cursor()
    for _ in range(at):
        assert found.match("name") or found.match("symbol")
    return found


class TestTokenize:
    def test_leaves_spaces_out_and_reads_strings(self) -> None:
        assert tokenize("a  'b'(", 10, PATTERN, str.upper, "{}?") == [
            Token("name", "a", 10),
            Token("string", "'B'", 13),
            Token("symbol", "(", 16),
        ]

    def test_points_at_what_fits_nothing(self) -> None:
        with pytest.raises(UnreadableError) as caught:
            tokenize("a 7", 10, PATTERN, str, "{} is odd")

        assert (caught.value.at, caught.value.sentence) == (12, "'7' is odd")
        assert str(caught.value) == "'7' is odd"


class TestCursor:
    def test_is_where_the_next_token_is_and_at_last_at_the_end(self) -> None:
        assert [taken(at).at for at in range(4)] == [0, 1, 2, 3]
        assert [bool(taken(at)) for at in range(4)] == [True, True, True, False]

    def test_looks_ahead_and_takes_nothing(self) -> None:
        found = cursor()

        assert found.peek("name") == A
        assert found.peek("name", "a", "z") == A
        assert found.peek("name", "z") is None
        assert found.peek("symbol") is None
        assert found.peek("name", ahead=2) == B
        assert found.peek("name", ahead=3) is None
        assert found.at == 0

    def test_finds_what_comes_later(self) -> None:
        assert cursor().has("name", "b")
        assert not cursor().has("name", "c")
        assert not taken(1).has("name", "a")

    def test_takes_what_matches_and_only_that(self) -> None:
        found = cursor()

        assert found.match("symbol") is None
        assert found.match("name") == A
        assert found.at == 1

    def test_takes_what_is_expected(self) -> None:
        assert cursor().expect("name", "a") == A

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [((), "a symbol is missing here"), (("(", ")"), "'(' or ')' is missing here")],
    )
    def test_says_what_is_missing_where(self, values: tuple[str, ...], sentence: str) -> None:
        with pytest.raises(UnreadableError) as caught:
            cursor().expect("symbol", *values)

        assert (caught.value.at, caught.value.sentence) == (0, sentence)

    def test_wants_nothing_to_be_left(self) -> None:
        with pytest.raises(UnreadableError) as caught:
            taken(1).expect_end()
        assert (caught.value.at, caught.value.sentence) == (1, "'(' is not understood here")

        taken(3).expect_end()

    def test_skips_the_rest(self) -> None:
        found = cursor()

        found.skip()

        assert not found
