"""A text taken apart into a template's blocks and what is between them."""

from __future__ import annotations

import re
from itertools import chain, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.templateblocks import parted

PATTERN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
"""The same in one line, for texts that are short."""


class TestParted:
    @pytest.mark.parametrize(
        ("text", "outside", "blocks"),
        [
            ("", [""], []),
            ("a {{ b }} c", ["a ", " c"], ["{{ b }}"]),
            (
                "{% if a %}{{ b }}{# c\n #}",
                ["", "", "", ""],
                ["{% if a %}", "{{ b }}", "{# c\n #}"],
            ),
            ("{{ {% }} %}", ["", " %}"], ["{{ {% }}"]),
            ("{{% a %}", ["{", ""], ["{% a %}"]),
            ("{{ {{ {% a %}", ["{{ {{ ", ""], ["{% a %}"]),
            ("{{}", ["{{}"], []),
            ("{%}", ["{%}"], []),
        ],
    )
    def test_is_by_the_first_end_behind_each_beginning(
        self, text: str, outside: list[str], blocks: list[str]
    ) -> None:
        assert parted(text) == (outside, blocks)


class TestForAnyText:
    @given(st.text("{}%# a\n", max_size=60))
    def test_nothing_is_lost_and_blocks_are_those_of_a_pattern(self, text: str) -> None:
        outside, blocks = parted(text)

        assert "".join(chain(*zip_longest(outside, blocks, fillvalue=""))) == text
        assert blocks == PATTERN.findall(text)
