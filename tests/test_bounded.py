"""Mappings that forget what was noted the longest ago."""

from __future__ import annotations

from pyxie.bounded import note


def test_the_longest_ago_noted_goes_first() -> None:
    table = {"a": 1, "b": 2}

    note(table, "c", 3, most=2)

    assert table == {"b": 2, "c": 3}


def test_what_is_noted_again_is_the_newest() -> None:
    table = {"a": 1, "b": 2}

    note(table, "a", 3, most=2)
    note(table, "c", 4, most=2)

    assert table == {"a": 3, "c": 4}
