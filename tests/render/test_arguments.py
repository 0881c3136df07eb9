"""What filters are given: any value of a template's, or a sentence."""

from __future__ import annotations

import pytest

from pyxie.render.filters import FILTERS
from tests.render.filtered import complaint, render


class TestValues:
    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("{{ range(3) | to_json }}", "[0, 1, 2]"),
            ("{{ ['a'] | map('upper') | to_json }}", '["A"]'),
            ("{{ ('a' ~ 'b') | to_json }}", '"ab"'),
            ("{{ {'a': (1, none)} | to_json(1) }}", '{\n "a": [\n  1,\n  null\n ]\n}'),
        ],
    )
    def test_are_taken_whatever_a_template_holds(self, source: str, text: str) -> None:
        assert render(source) == text

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("{{ [nope] | to_json }}", "'nope' is undefined"),
            ("{{ range | to_yaml }}", "to_yaml: a function is no text, number, list or mapping"),
            (
                "{{ many | to_json }}",
                "to_json: a list of over 100000 values",
            ),
            ("{{ deep | to_json }}", "to_json: the value is nested too deeply"),
        ],
    )
    def test_that_have_no_form_are_told(self, source: str, sentence: str) -> None:
        assert complaint(source) == sentence


def test_numbers_and_texts_are_taken_and_lists_are_not() -> None:
    assert render("{{ 5|sh_quote }}") == "5"
    for name in sorted(FILTERS.keys() - {"to_yaml", "to_json"}):
        call = f"{name}('a')" if name.startswith("regex") else name
        shown = "sh_quote" if name == "quote" else name
        assert complaint(f"{{{{ ['a']|{call} }}}}") == f"{shown}: takes a text, not a list"
