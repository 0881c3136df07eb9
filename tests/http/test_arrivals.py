"""Connections that wait to be begun: whose turn it is, and who has too many."""

from __future__ import annotations

from pyxie.bounds import ARRIVALS
from pyxie.http.arrivals import Arrivals


def waiting(*names: str, most: int = 9) -> Arrivals[str]:
    """Return what waits after these have come: ``a1`` of ``a``."""
    found: Arrivals[str] = Arrivals(most)
    for name in names:
        assert found.add(name[0], name) is None
    return found


def all_of(arrivals: Arrivals[str]) -> list[str]:
    return list(iter(arrivals.next, None))


def test_each_has_its_turn_whatever_others_have_sent() -> None:
    arrivals = waiting("a1", "a2", "a3", "b1", "b2", "c1")

    assert all_of(arrivals) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert len(arrivals) == 0
    assert arrivals.next() is None


def test_who_comes_while_others_wait_is_behind_one_of_each() -> None:
    arrivals = waiting("a1", "a2", "a3")
    assert arrivals.next() == "a1"

    arrivals.add("b", "b1")

    assert all_of(arrivals) == ["a2", "b1", "a3"]


def test_of_too_many_the_newest_of_who_has_most_waits_no_more() -> None:
    before = ARRIVALS.times
    arrivals = waiting("a1", "a2", "b1", most=3)

    assert arrivals.add("c", "c1") == "a2"
    assert len(arrivals) == 3
    assert arrivals.add("d", "d1") == "a1"
    assert all_of(arrivals) == ["b1", "c1", "d1"]
    assert ARRIVALS.times == before + 2
