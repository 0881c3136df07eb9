"""Go's text/template in actions, and these in tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.syntax.golexer import Action, actions, tokens
from pyxie.syntax.tokenizer import Token, UnreadableError


class TestActions:
    def test_have_their_place_and_what_is_inside(self) -> None:
        assert list(actions("a {{.b}} {{- c -}}")) == [
            Action("{{.b}}", 2, ".b", 4, "", ""),
            Action("{{- c -}}", 9, " c ", 12, "-", "-"),
        ]

    @pytest.mark.parametrize("inner", ['"}}"', "`}}`", "/* }} */", r'"\"}}"'])
    def test_do_not_end_inside_texts_and_comments(self, inner: str) -> None:
        text = f"{{{{{inner}}}}}"

        assert list(actions(text)) == [Action(text, 0, inner, 2, "", "")]

    def test_a_minus_that_touches_a_word_is_a_sign(self) -> None:
        assert list(actions("{{-3}}")) == [Action("{{-3}}", 0, "-3", 2, "", "")]

    def test_one_that_has_no_end_is_none(self) -> None:
        assert list(actions("{{a}} {{b")) == [Action("{{a}}", 0, "a", 2, "", "")]

    @pytest.mark.parametrize("opens", ["/*", r'"\"', "`", "`a` /*"])
    def test_what_is_left_open_is_read_once(self, opens: str) -> None:
        """It took a third of a second for 8 KiB, and minutes for a file."""
        assert list(actions("{{" + opens * 200_000)) == []

    @given(st.text(alphabet='{}-"`/* ab', max_size=30))
    def test_of_any_text_stand_where_they_say(self, text: str) -> None:
        for action in actions(text):
            assert text.startswith(action.source, action.at)
            assert text.startswith(action.inner, action.inner_at)


class TestTokens:
    def test_have_their_kind_and_place(self) -> None:
        assert tokens('$x := .a | f 1.5 "b" . $', 10) == [
            Token("variable", "$x", 10),
            Token("symbol", ":=", 13),
            Token("field", ".a", 16),
            Token("symbol", "|", 19),
            Token("name", "f", 21),
            Token("number", "1.5", 23),
            Token("string", "b", 27),
            Token("dot", ".", 31),
            Token("variable", "$", 33),
        ]

    @pytest.mark.parametrize(
        ("written", "said"),
        [(r'"a\n\t\"\\"', 'a\n\t"\\'), (r'"\d"', r"\d"), (r"`a\n`", r"a\n")],
    )
    def test_a_string_says_what_its_escapes_mean(self, written: str, said: str) -> None:
        assert tokens(written, 0) == [Token("string", said, 0)]

    def test_what_is_none_is_told_with_its_place(self) -> None:
        with pytest.raises(UnreadableError) as caught:
            tokens("a ;", 5)

        assert (caught.value.at, str(caught.value)) == (7, "';' is not understood here")
