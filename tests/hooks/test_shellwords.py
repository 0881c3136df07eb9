"""A command's words: told apart before anything is rendered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.hooks.shellwords import words


class TestWords:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("a b", ["a", "b"]),
            ("a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]),
            ("a {{ x }} b", ["a", "{{ x }}", "b"]),
            ("a --x={{ params['a b'] }}.c", ["a", "--x={{ params['a b'] }}.c"]),
            ("a '{{ x }} y'", ["a", "{{ x }} y"]),
            ("a {% if b %}c{% endif %}", ["a", "{% if b %}c{% endif %}"]),
            ("a; rm -rf $HOME > *", ["a;", "rm", "-rf", "$HOME", ">", "*"]),
            ("a\nb\n", ["a", "b"]),
            ("a ''", ["a", ""]),
        ],
    )
    def test_are_a_shells_without_its_powers(self, text: str, found: list[str]) -> None:
        assert words(text) == found

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a 'b", "cannot be split into words: no closing quotation"),
            ("", "is empty"),
            ("  ", "is empty"),
            ("a \ue000", "the character U+E000 is not allowed in a command"),
        ],
    )
    def test_that_cannot_be_told_apart_are_refused(self, text: str, said: str) -> None:
        with pytest.raises(ValueError, match=said.replace("+", r"\+")):
            words(text)

    @given(st.text())
    def test_of_any_text_are_found_or_refused(self, text: str) -> None:
        try:
            found = words(text)
        except ValueError:
            return
        assert found

    @given(st.lists(st.text(alphabet="ab {}'\"\\", min_size=1), min_size=1))
    def test_in_blocks_are_never_split(self, values: list[str]) -> None:
        blocks = [f"{{{{ {value.replace('}', '').replace('{', '')} }}}}" for value in values]

        assert words(" ".join(blocks)) == blocks
