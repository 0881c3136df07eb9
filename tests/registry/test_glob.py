"""Patterns with stars: what they match, and which of them can meet."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.registry.glob import is_exact, matches, overlap

PATTERNS = st.text("ab*?", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("web*", "WEB01", True),
        ("web?", "web", False),
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("*.example.org", "a.example.org.evil", False),
        ("[a]", "a", False),
        ("w?b01", "web01", True),
        ("w?b01", "wab02", False),
        ("w?b*0?", "web-01", True),
        ("*e?-*", "web-01", True),
        ("*x?*", "web", False),
        ("*eb*1*", "web-01", True),
        ("*zz*", "web", False),
        ("web*01", "we", False),
    ],
)
def test_a_pattern_is_the_whole_text_but_for_letter_case(
    pattern: str, text: str, fits: bool
) -> None:
    assert matches(pattern, text) is fits


@given(PATTERNS, st.text("ab", max_size=8))
def test_it_matches_what_a_shell_would(pattern: str, text: str) -> None:
    assert matches(pattern, text) == fnmatchcase(text, pattern)


@given(PATTERNS, PATTERNS, st.text("ab", max_size=6))
def test_two_that_match_one_text_overlap(one: str, other: str, text: str) -> None:
    if matches(one, text) and matches(other, text):
        assert overlap(one, other)


@given(PATTERNS, st.text("ab", max_size=6))
def test_a_text_overlaps_with_what_matches_it_and_nothing_else(pattern: str, text: str) -> None:
    assert is_exact(text)
    assert overlap(pattern, text) == overlap(text, pattern) == matches(pattern, text)


@pytest.mark.parametrize(("one", "other"), [("a*", "b*"), ("*a", "*b"), ("??", "?"), ("", "?*")])
def test_patterns_without_a_text_in_common_do_not(one: str, other: str) -> None:
    assert not overlap(one, other)
    assert not overlap(other, one)


def test_a_hostile_text_takes_no_power_of_its_length() -> None:
    began = time.process_time()
    assert not matches("*a" * 12 + "b", "a" * 1400)
    assert time.process_time() - began < 5  # a backtracking match would take ages


def test_a_thousand_patterns_take_milliseconds_whatever_the_text() -> None:
    """They are gone through for each unknown client, of which a flood brings a hundred a second."""
    text = "a" * 1400
    began = time.process_time()

    assert not any(matches(f"*a*a*{each}", text) for each in range(1000))

    assert time.process_time() - began < 0.05  # it was 0.2 s


@pytest.mark.parametrize(
    ("pattern", "exact"), [("web01", True), ("", True), ("web?", False), ("*", False)]
)
def test_a_pattern_without_stars_and_question_marks_is_one_text(pattern: str, exact: bool) -> None:
    assert is_exact(pattern) is exact
