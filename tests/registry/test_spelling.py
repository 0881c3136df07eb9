"""Plain data as YAML text."""

from __future__ import annotations

import pytest

from pyxie.config.simple import Plain
from pyxie.registry.spelling import Style, dump, flow


class TestDump:
    def test_indents_as_the_style_says(self) -> None:
        data: Plain = {"a": {"b": ["c"]}}

        assert dump(data) == "a:\n  b:\n    - c\n"
        assert dump(data, Style(mapping=4, sequence=0)) == "a:\n    b:\n    - c\n"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, "null"),
            ("null", '"null"'),
            ("", '""'),
            ("<<", '"<<"'),
            ("no", "no"),
            ("0755", "0755"),
            ("x" * 200 + " y", "x" * 200 + " y"),
            ("a\n\nb\n", "|\n  a\n\n  b\n"),
            ("a\tb", '"a\\tb"'),
            ("a\n\n", '"a\\n\\n"'),
            (" a\nb", '" a\\nb"'),
            ("a \nb", '"a \\nb"'),
            ([], "[]"),
        ],
    )
    def test_spells_a_value_as_a_person_would(self, value: Plain, text: str) -> None:
        assert dump({"k": value}).rstrip("\n") == f"k: {text}".rstrip("\n")


class TestFlow:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("a", "a"),
            (["a", "b"], "[a, b]"),
            ({"a": {"b": None}}, "{a: {b: null}}"),
            ("a, b", "'a, b'"),
        ],
    )
    def test_is_on_one_line(self, value: Plain, text: str) -> None:
        assert flow(value) == text
