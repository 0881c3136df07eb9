"""Regular expressions of templates: what they give, and that they end."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.errors import RenderError
from pyxie.render.arguments import FilterError
from pyxie.render.patterns import regex_replace
from tests.render.filtered import complaint, render


class TestRegularExpressions:
    @pytest.mark.parametrize(
        ("source", "text"),
        [
            (r"{{ 'web01' | regex_replace('^([a-z]+)0*', '\\1-') }}", "web-1"),
            (r"{{ 'web01' | regex_replace('(?P<n>\\d+)', '<\\g<n>>') }}", "web<01>"),
            ("{{ 'aXa' | regex_replace('x', ignorecase=true) }}", "aa"),
            ("{{ 'rack 12' | regex_search('[0-9]+') }}", "12"),
            ("{{ 'rack 12' | regex_search('rack (.)', 1) }}", "1"),
            ("{% if not 'rack' | regex_search('[0-9]') %}none{% endif %}", "none"),
        ],
    )
    def test_find_and_replace(self, source: str, text: str) -> None:
        assert render(source) == text

    def test_that_were_sought_before_are_sought_for_themselves(self) -> None:
        for _ in range(2):
            assert render("{{ 'Rack 12' | regex_search('r(.)') }}") == ""
            assert render("{{ 'Rack 12' | regex_search('r(.)', ignorecase=true) }}") == "Ra"
            assert render("{{ 'Rack 12' | regex_search('r(.)', 1, ignorecase=true) }}") == "a"
            assert render("{{ 'Rock 12' | regex_search('r(.)', 1, ignorecase=true) }}") == "o"
            assert render("{{ ('Rack' * 999) | regex_search('R(.)', 1) }}") == "a"
            assert complaint("{{ 'Rack' | regex_search('r(.', 1) }}").startswith("regex_search")

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("{{ 'a' | regex_search('(') }}", "regex_search: '(' is no regular expression: "),
            ("{{ 'a' | regex_search('a', 1) }}", "regex_search: 'a' has no group 1"),
            (r"{{ 'a' | regex_replace('a', '\\7') }}", r"regex_replace: '\\7': "),
            ("{{ nope | regex_search('a') }}", "'nope' is undefined"),
            ("{{ 'a' | regex_search(nope) }}", "'nope' is undefined"),
            ("{{ long | regex_search('a') }}", "regex_search: a text over 1048576 characters"),
            (
                "{{ ('a' * 1000) | regex_replace('a', 'b' * 4000) }}",
                "regex_replace: what comes out is over 1048576 characters",
            ),
        ],
    )
    def test_that_cannot_work_are_told(self, source: str, sentence: str) -> None:
        assert complaint(source).startswith(sentence)

    @pytest.mark.parametrize(
        ("pattern", "sentence"),
        [
            ("(?:(?:a{1000}){1000}){1000}", " repeats too much to be compiled"),
            ("a{1,1000000000}", " repeats too much to be compiled"),
            ("(?x)a{ 1000000000 }", " repeats too much to be compiled"),
            ("(" * 2000 + ")" * 2000, " is nested too deeply"),
            ("a" * 5000, "a text over 4096 characters"),
        ],
    )
    def test_that_would_fill_the_memory_are_not_compiled(self, pattern: str, sentence: str) -> None:
        with pytest.raises(RenderError) as caught:
            render("{{ 'a' | regex_search(pattern) }}", pattern=pattern)

        assert str(caught.value).endswith(sentence)

    def test_with_ordinary_counts_are(self) -> None:
        uuid = "-".join(f"[0-9a-f]{{{count}}}" for count in (8, 4, 4, 4, 12))
        text = "id 4c4c4544-0042-3110-8052-b4c04f565031."

        assert render("{{ t | regex_search(p) }}", t=text, p=uuid) == text[3:-1]

    @pytest.mark.parametrize("name", ["regex_search", "regex_replace"])
    def test_that_would_never_end_are_ended(self, name: str) -> None:
        began = time.monotonic()

        said = complaint("{{ ('a' * 4000 ~ 'b') | NAME('(a|a)*$') }}".replace("NAME", name))

        assert said == f"{name}: '(a|a)*$' was still searching after 0.5 s"
        assert time.monotonic() - began < 5

    @given(st.text(max_size=30), st.text(max_size=12), st.text(max_size=12))
    def test_give_a_text_or_a_sentence_whatever_they_are(
        self, value: str, pattern: str, replacement: str
    ) -> None:
        with suppress(FilterError):
            assert isinstance(regex_replace(value, pattern, replacement), str)
