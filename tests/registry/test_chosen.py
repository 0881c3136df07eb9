"""Which machines are meant by names, patterns and groups."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyxie.registry.chosen import chosen, is_in, is_pattern
from pyxie.registry.machine import Machine

MACHINES = [
    Machine(hostname="web2.example.org", groups=("rack1",)),
    Machine(hostname="web1.example.org", groups=("Rack1", "blue")),
    Machine(hostname="db1", domain="Example.org"),
]


class TestChosen:
    @pytest.mark.parametrize(
        ("names", "found"),
        [
            (["WEB1.example.org"], ["web1.example.org"]),
            (["web*"], ["web1.example.org", "web2.example.org"]),
            (["web2.example.org", "w*"], ["web2.example.org", "web1.example.org"]),
            (["db?"], ["db1"]),
            (["not-there"], ["not-there"]),
        ],
    )
    def test_are_named_or_fit_a_pattern_each_once(self, names: list[str], found: list[str]) -> None:
        assert chosen(MACHINES, names) == (found, [])

    def test_are_of_a_group_or_a_domain(self) -> None:
        webs = ["web1.example.org", "web2.example.org"]

        assert chosen(MACHINES, [], "RACK1") == (webs, [])
        assert chosen(MACHINES, [], "example.org") == (["db1", *webs], [])

    def test_are_all(self) -> None:
        assert chosen(MACHINES, [], everything=True)[0] == [
            "db1",
            "web1.example.org",
            "web2.example.org",
        ]

    def test_that_mean_nobody_are_told(self) -> None:
        assert chosen(MACHINES, ["x*", "db1"], "blu") == (["db1"], ["x*", "blu"])
        assert chosen([], [], everything=True) == ([], ["*"])


class Unasked(list[Machine]):
    """Machines that nobody is to go through."""

    def __iter__(self) -> Iterator[Machine]:
        raise AssertionError("each of them was looked at")


class TestChosenByName:
    def test_are_found_without_a_look_at_all_that_there_are(self) -> None:
        assert chosen(Unasked(MACHINES), ["web1.example.org", "DB1"]) == (
            ["web1.example.org", "db1"],
            [],
        )

    @pytest.mark.parametrize(
        ("names", "group", "everything"),
        [(["w*"], "", False), ([], "blue", False), ([], "", True), (["db1", "?"], "", False)],
    )
    def test_all_are_looked_at_for_anything_else(
        self, names: list[str], group: str, everything: bool
    ) -> None:
        with pytest.raises(AssertionError):
            chosen(Unasked(MACHINES), names, group, everything=everything)


class TestPattern:
    @pytest.mark.parametrize(
        ("name", "is_one"),
        [
            ("web*", True),
            ("*", True),
            ("web?.example.org", True),
            ("web1", False),
            ("../machines?x#y", False),
            ("a b*", False),
        ],
    )
    def test_is_a_hostname_with_stars_and_question_marks(self, name: str, is_one: bool) -> None:
        assert is_pattern(name) is is_one


def test_a_domain_is_that_of_the_name_if_none_is_given() -> None:
    assert [is_in(each, "example.org") for each in MACHINES] == [True, True, True]
    assert not is_in(MACHINES[0], "blue")
