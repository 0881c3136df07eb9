"""Texts in formats that give some characters a meaning: whole, or refused."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.errors import RenderError
from pyxie.render.quoting import sh_quote
from tests.render.filtered import complaint, render


class TestShellQuoting:
    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_makes_one_word_of_anything(self, text: str) -> None:
        assert shlex.split(sh_quote(text)) == [text]

    def test_is_what_a_shell_undoes(self) -> None:
        text = "a 'b' \"$x\" `id` \\ & ; #\n*"

        ran = subprocess.run(
            ["sh", "-c", f"printf %s {render('{{ value|quote }}', value=text)}"],
            capture_output=True,
            text=True,
        )

        assert ran.stdout == text

    def test_refuses_what_no_word_can_hold(self) -> None:
        assert complaint("{{ 'a\\0' | sh_quote }}") == "sh_quote: a shell's word cannot hold NUL"


class TestLine:
    @pytest.mark.parametrize("text", ["en_US.UTF-8", "a 'b' \"c\" $d \\e", "grüß \U0001f600", ""])
    def test_is_left_as_it_is(self, text: str) -> None:
        assert render("{{ value | line }}", value=text) == text

    @pytest.mark.parametrize("end", ["\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff"])
    def test_that_ends_is_refused(self, end: str) -> None:
        for name in ("line", "kickstart"):
            with pytest.raises(RenderError) as caught:
                render(f"{{{{ value | {name} }}}}", value=f"a{end}b")
            assert str(caught.value.problem) == (
                f"{name}: {f'a{end}b'!r} has {end!r}, which ends a line or is no text"
            )

    def test_that_takes_in_the_next_is_refused(self) -> None:
        assert complaint("{{ 'a\\\\' | line }}") == (
            "line: 'a\\\\' ends in a backslash, which takes in the next line"
        )

    def test_may_not_begin_with_what_means_something_there(self) -> None:
        assert render("{{ 'a%' | line('%@') }}") == "a%"
        assert complaint("{{ '%end' | line('%') }}") == (
            "line: '%end' begins with '%', which has a meaning here"
        )

    def test_of_a_kickstart_is_one_word(self) -> None:
        assert render("{{ value | kickstart }}", value='a "b" $c') == "'a \"b\" $c'"
