"""So many requests of unknown machines are looked at, of each interface and each machine."""

from __future__ import annotations

from pyxie.bounds import DHCP_STRANGERS
from pyxie.dhcp.strangers import Strangers


def mac(number: int) -> bytes:
    return number.to_bytes(6)


def test_a_hall_of_new_machines_is_looked_at_at_once() -> None:
    strangers = Strangers()

    assert all(strangers.admits(mac(number), 2, 0.0) for number in range(500))


def test_a_flood_gets_its_share_a_second_and_is_counted() -> None:
    strangers, before = Strangers(), DHCP_STRANGERS.times

    admitted = sum(strangers.admits(mac(number), 2, number / 20_000) for number in range(40_000))

    assert 500 + 2 * DHCP_STRANGERS.whole - 1 <= admitted <= 500 + 2 * DHCP_STRANGERS.whole
    assert DHCP_STRANGERS.times == before + 40_000 - admitted


def test_a_flood_of_one_network_is_none_of_the_others_business() -> None:
    strangers = Strangers()
    for number in range(1000):
        strangers.admits(mac(number), 2, 0.0)

    assert not strangers.admits(mac(5000), 2, 0.0)
    assert strangers.admits(mac(5000), 3, 0.0)


def test_one_that_repeats_itself_takes_no_others_turn() -> None:
    strangers = Strangers()

    assert sum(strangers.admits(mac(1), 2, 0.0) for _ in range(5000)) == 8
    assert strangers.admits(mac(2), 2, 0.0)
