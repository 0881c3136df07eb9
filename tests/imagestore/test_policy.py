"""Which copies are asked about again, and which make room."""

from __future__ import annotations

import pytest

from pyxie.imagestore.entry import Entry
from pyxie.imagestore.policy import Revalidate, is_fresh, leaving, taken_by

NOW = 1_000_000.0
DAY = 86_400.0


def entry(
    name: str, size: int = 10, *, used: float = 0, digest: str = "", pin: bool = False
) -> Entry:
    return Entry(key=name, url=name, digest=digest or name, size=size, used=used, pinned=pin)


class TestACopy:
    @pytest.mark.parametrize(
        ("policy", "age", "fresh"),
        [
            ("always", 0, False),
            ("daily", DAY - 1, True),
            ("daily", DAY, False),
            ("daily", -60, False),
            ("never", 1000 * DAY, True),
        ],
    )
    def test_is_fresh_by_policy(self, policy: Revalidate, age: float, fresh: bool) -> None:
        copy = Entry(key="a", url="a", digest="a", size=1, checked=NOW - age)

        assert is_fresh(copy, policy, NOW) is fresh

    @pytest.mark.parametrize(("failed", "fresh"), [(NOW - 59, True), (NOW - 60, False)])
    def test_is_served_for_a_minute_once_its_server_has_not_answered(
        self, failed: float, fresh: bool
    ) -> None:
        assert is_fresh(entry("a"), "always", NOW, failed) is fresh


class TestRoom:
    def test_is_made_by_the_least_recently_used(self) -> None:
        entries = [entry("new", used=3), entry("old", used=1), entry("middle", used=2)]

        gone = [each.key for each in leaving(entries, (), 15, 100)]

        assert gone == ["old", "middle"]

    def test_is_not_made_where_there_is_enough(self) -> None:
        assert list(leaving([entry("a"), entry("b")], (), 20, 2)) == []

    def test_is_never_made_by_what_is_served_needed_or_pinned(self) -> None:
        entries = [entry("served"), entry("pinned", pin=True), entry("other", used=9)]

        gone = [each.key for each in leaving(entries, {"served"}, 0, 0)]

        assert gone == ["other"]

    def test_is_made_by_a_content_once_all_that_have_it_are_gone(self) -> None:
        entries = [
            entry("a", digest="x", used=1),
            entry("b", digest="x", used=2),
            entry("c", used=3),
        ]

        gone = [each.key for each in leaving(entries, (), 10, 100)]

        assert gone == ["a", "b"]

    def test_is_made_for_entries_too(self) -> None:
        entries = [entry("a", used=1), entry("b", used=2), entry("c", used=3)]

        assert [each.key for each in leaving(entries, (), 1000, 2)] == ["a"]

    def test_one_content_is_counted_once(self) -> None:
        assert taken_by([entry("a", digest="x"), entry("b", digest="x"), entry("c", 5)]) == 15
