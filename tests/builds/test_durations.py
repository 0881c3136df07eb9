"""How long builds of a system take."""

from __future__ import annotations

from pyxie.builds.durations import Pace, paces, system_of


def test_a_system_is_told_by_what_the_file_and_the_call_name() -> None:
    debian = system_of("", '{"os": "debian-12", "network": []}')

    assert debian == system_of("", '{"os": "debian-12", "params": {"a": 1}}')
    assert debian != system_of("rescue", '{"os": "debian-12"}')
    assert debian != system_of("", '{"os": "debian-13"}')
    assert system_of("", "") == system_of("", "[]") == ("", "", "", "", "")


def test_the_longest_of_each_system_counts() -> None:
    a, b = system_of("a", ""), system_of("b", "")

    assert paces([(a, 10.0), (b, 99.0), (a, 30.0), (a, 20.0)]) == {
        a: Pace(3, 30.0),
        b: Pace(1, 99.0),
    }
