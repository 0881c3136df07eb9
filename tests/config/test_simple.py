"""The short way to plain data: it comes to the same as the long one, or leaves it to that."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyxie.bounds import YAML_VALUES
from pyxie.config import nodes
from pyxie.config import simple as short
from pyxie.config.counted import check, composed
from pyxie.config.simple import DEEPEST, UNSURE, Plain
from pyxie.config.unfold import unfold
from pyxie.errors import ConfigError
from pyxie.registry.edit import written

HERE = Path("text")

lines = st.lists(
    st.sampled_from(
        [
            *(
                "a: b",
                "a:",
                "b: ~",
                "c: 'null'",
                "d: {e: , f: ~}",
                "- g",
                "- h: i",
                "  j: k",
                "  - l",
            ),
            *(
                "m: |",
                "  n",
                "o: &x p",
                "q: *x",
                "<<: {r: s}",
                "'<<': t",
                "# u",
                "---",
                "...",
                "? v",
            ),
            *("w: [x, {y: z}]", "[a]: b", "a: !!int 7", "%YAML 1.1", "\ta", '"a": "\\x41"', ": a"),
        ]
    ),
    max_size=8,
).map("\n".join)
trees = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)


def simple(text: str, most: int = YAML_VALUES.whole) -> Plain:
    return short.simple(text, most)


def long_way(text: str) -> Plain:
    check(text, HERE, YAML_VALUES)
    root = composed(text)
    return unfold(root, HERE, YAML_VALUES)[0] if root is not None else None


class TestTheShortWay:
    @given(lines | st.text(max_size=60))
    @example("unsure")
    @example("a: 1\na: 2")
    def test_comes_to_what_the_long_one_does(self, text: str) -> None:
        found = simple(text)

        if found is not UNSURE:
            assert found == long_way(text)

    @given(st.dictionaries(st.text(max_size=4), trees, min_size=1))
    def test_is_taken_by_ordinary_files(self, data: dict[str, Plain]) -> None:
        assert simple(written(data)) == data

    @pytest.mark.parametrize("text", ["", "# a", "---\n", "~", "null", "---\n...\n"])
    def test_finds_nothing_in_nothing(self, text: str) -> None:
        assert simple(text) is None

    @pytest.mark.parametrize(
        "text",
        [
            "a: b\na: c",
            "a: &x b",
            "a: &x [b]",
            "a: &x {b: c}",
            "a: *x",
            "<<: {a: b}",
            "[a]: b",
            "{{ a }}: b",
            "a: [",
            "a\x00b",
            "a: b\n---\nc: d",
            "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
            "- a\n" * YAML_VALUES.whole,
        ],
    )
    def test_is_not_taken_where_something_is_out_of_the_ordinary(self, text: str) -> None:
        assert simple(text) is UNSURE

    def test_a_text_that_says_unsure_is_a_text(self) -> None:
        assert simple("unsure") == "unsure"
        with pytest.raises(ConfigError):
            nodes.parse(b"- &a [*a]", HERE)
