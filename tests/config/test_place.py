"""The way to a value, as an operator writes it."""

from __future__ import annotations

import pytest

from pyxie.config.place import Loc, spell


class TestAWay:
    @pytest.mark.parametrize(
        ("loc", "spelt"),
        [
            ((), ""),
            (("network", 0, "macaddress"), "network[0].macaddress"),
            ((3, "a"), "[3].a"),
            (("a b", "", "c\nd", 0, "plain-key"), "'a b'.''.'c\\nd'[0].plain-key"),
        ],
    )
    def test_is_spelt_by_keys_and_numbers(self, loc: Loc, spelt: str) -> None:
        assert spell(loc) == spelt

    def test_is_cut_where_a_key_is_long(self) -> None:
        assert spell(("k" * 1000, "l m" * 1000)) == f"{'k' * 80}.{('l m' * 27)[:80]!r}"
