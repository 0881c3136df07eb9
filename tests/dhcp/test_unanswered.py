"""What was not answered is kept for as long as its client listens, and no longer."""

from __future__ import annotations

from pyxie.dhcp.unanswered import FIRMWARE_LISTENS, IPXE_LISTENS, Unanswered, listens
from tests.dhcp.packets import MAC, discover, ipxe

OTHER = "52:54:00:00:00:07"


def test_ipxe_goes_on_sooner_than_firmware() -> None:
    assert listens(ipxe(0)) == IPXE_LISTENS == 2.5
    assert listens(discover(0)) == listens(discover(7)) == FIRMWARE_LISTENS == 3.5


def test_a_request_is_kept_until_its_client_has_gone_on() -> None:
    unanswered = Unanswered[str]()
    unanswered.keep(MAC, 67, "first", until=2.5, known=True)

    assert unanswered.of(MAC, 2.4) == ["first"]
    assert unanswered.of(OTHER, 2.4) == []
    assert unanswered.of(MAC, 2.5) == []
    assert len(unanswered) == 0


def test_of_one_client_and_port_the_newest_is_kept() -> None:
    unanswered = Unanswered[str]()
    unanswered.keep(MAC, 67, "at 0 s", until=2.5, known=True)
    unanswered.keep(MAC, 67, "at 1 s", until=3.5, known=True)
    unanswered.keep(MAC, 4011, "on 4011", until=3.5, known=True)
    unanswered.keep(OTHER, 67, "another's", until=3.5, known=True)

    assert unanswered.of(MAC, 3.0) == ["at 1 s", "on 4011"]
    assert unanswered.of(None, 3.0) == ["at 1 s", "on 4011", "another's"]


def test_what_was_answered_is_not_answered_again() -> None:
    unanswered = Unanswered[str]()
    unanswered.keep(MAC, 67, "first", until=2.5, known=True)

    unanswered.answered(MAC, 67)
    unanswered.answered(MAC, 67)

    assert unanswered.of(None, 0.0) == []


def test_made_up_clients_are_bounded() -> None:
    unanswered = Unanswered[int](capacity=3)
    unanswered.keep(MAC, 67, -1, until=1.0, known=True)
    for number in range(10):
        unanswered.keep(str(number), 67, number, until=1.0, known=False)

    assert unanswered.of(None, 0.0) == [-1, 7, 8, 9]

    unanswered.clear()

    assert len(unanswered) == 0
