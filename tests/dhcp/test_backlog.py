"""Who is answered next: known machines first, and in a flood the newest."""

from __future__ import annotations

from pyxie.bounds import DHCP_BACKLOG
from pyxie.dhcp.backlog import DEEP, Backlog


def taken(backlog: Backlog[int]) -> list[int]:
    found = []
    while (each := backlog.take()) is not None:
        found.append(each)
    return found


def test_a_few_are_taken_in_their_order() -> None:
    backlog = Backlog[int]()
    for number in range(DEEP):
        backlog.put(number, known=True)

    assert len(backlog) == DEEP
    assert taken(backlog) == list(range(DEEP))


def test_of_many_the_newest_is_first() -> None:
    backlog = Backlog[int]()
    for number in range(DEEP + 3):
        backlog.put(number, known=True)

    assert taken(backlog)[:4] == [DEEP + 2, DEEP + 1, DEEP, 0]


def test_known_machines_come_before_strangers() -> None:
    backlog = Backlog[int]()
    backlog.put(1, known=False)
    backlog.put(2, known=True)
    backlog.put(3, known=False)
    backlog.put(4, known=True)

    assert taken(backlog) == [2, 4, 1, 3]


def test_strangers_may_have_to_wait() -> None:
    backlog = Backlog[int]()
    backlog.put(1, known=False)
    backlog.put(2, known=True)

    assert [backlog.take(strangers=False) for _ in range(2)] == [2, None]
    assert backlog.take() == 1


def test_the_oldest_is_dropped_for_one_more_and_counted() -> None:
    before = DHCP_BACKLOG.times
    backlog = Backlog[int](2)
    backlog.put(0, known=True)
    for number in range(1, 5):
        backlog.put(number, known=False)

    assert taken(backlog) == [0, 3, 4]
    assert DHCP_BACKLOG.times == before + 2


def test_it_can_be_emptied() -> None:
    backlog = Backlog[int]()
    backlog.put(1, known=True)
    backlog.put(2, known=False)

    backlog.clear()

    assert not backlog
    assert backlog.take() is None


def test_known_machines_that_wait_are_told_but_in_a_flood() -> None:
    backlog = Backlog[int]()
    for number in range(DEEP):
        backlog.put(number, known=True)
        backlog.put(-number, known=False)
    assert list(backlog.known()) == [*range(DEEP)]

    backlog.put(DEEP, known=True)

    assert list(backlog.known()) == []
