from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bylines import ByLines

PATTERNS = (
    re.compile(r"[a-c]{3,}"),
    re.compile(r"^(?:ab|c[ \t]+(?!=))", re.MULTILINE),
    re.compile(r"b[ \t\r]*$", re.MULTILINE),
    re.compile(r"a(b?)\b"),
)


class TestByLines:
    @pytest.mark.parametrize("pattern", PATTERNS)
    @given(text=st.text(alphabet="abc =\t\r\n\u2028", max_size=40))
    def test_finds_what_the_pattern_does(self, pattern: re.Pattern[str], text: str) -> None:
        by_lines = ByLines(pattern)

        for _ in range(2):  # the second time it is known
            assert list(by_lines.found(text)) == pattern.findall(text)
            assert by_lines.finds(text) == (pattern.search(text) is not None)

    def test_finds_it_in_long_lines_and_passes_over_short_ones(self) -> None:
        by_lines = ByLines(re.compile("a{4,}"), fewest=4)

        assert list(by_lines.found("aaa\naaaa\n" + "b" * 5000 + "aaaaa")) == ["aaaa", "aaaaa"]
        assert by_lines.finds("aaaa")
        assert not by_lines.finds("aaa\n")
