from __future__ import annotations

import pytest

from pyxie.bounds import HTTP_ALLOWED, HTTP_HOST, HTTP_PER_ADDRESS, HTTP_PER_NETWORK, HTTP_TOTAL
from pyxie.http.crowd import ConnectionLimits, Crowd, Full, Origin, of_peer, origin
from pyxie.http.gate import Side
from pyxie.net.address import address

LIMITS = ConnectionLimits(per_address=3, total=8, allowed=5, host=4)


def of(text: str, side: Side = Side.OTHERS, interface: int = 0) -> Origin:
    return origin(side, address(text), interface)


def crowd(*texts: str, side: Side = Side.OTHERS) -> Crowd[int]:
    found: Crowd[int] = Crowd()
    for number, text in enumerate(texts):
        found.enter(number, of(text, side))
    return found


class TestOrigin:
    @pytest.mark.parametrize(
        ("text", "whose"),
        [
            ("192.0.2.7", ("192.0.2.7", "")),
            ("::ffff:192.0.2.7", ("192.0.2.7", "")),
            ("2001:db8:0:1:aaaa::7", ("2001:db8:0:1:aaaa::7", "2001:db8:0:1::/64")),
            ("fe80::1:2", ("fe80::1:2%4", "fe80::/64%4")),
        ],
    )
    def test_is_an_address_and_what_one_host_can_have_many_of(
        self, text: str, whose: tuple[str, str]
    ) -> None:
        found = of(text, interface=4 if text.startswith("fe80") else 0)

        assert (found.address, found.network) == whose

    def test_link_local_addresses_of_two_interfaces_are_two(self) -> None:
        assert of("fe80::1", interface=2) != of("fe80::1", interface=3)

    @pytest.mark.parametrize(
        ("peer", "other", "same"),
        [
            (("192.0.2.1", 1), ("192.0.2.1", 2), True),
            (("192.0.2.1", 1), ("192.0.2.2", 1), False),
            (("2001:db8::1", 1, 0, 0), ("2001:db8::ffff:2", 1, 0, 0), True),
            (("2001:db8::1", 1, 0, 0), ("2001:db8:0:1::1", 1, 0, 0), False),
            (("fe80::1%eth0", 1, 0, 2), ("fe80::2%eth0", 1, 0, 2), True),
            (("fe80::1", 1, 0, 2), ("fe80::1", 1, 0, 3), False),
        ],
    )
    def test_addresses_that_one_host_may_have_are_one(
        self,
        peer: tuple[str, int] | tuple[str, int, int, int],
        other: tuple[str, int] | tuple[str, int, int, int],
        same: bool,
    ) -> None:
        found, another = (of_peer(Side.OTHERS, each) for each in (peer, other))

        assert (found.whose == another.whose) is same


class TestFull:
    def test_there_is_room_for_everybody_at_first(self) -> None:
        assert crowd().full(of("192.0.2.7"), LIMITS) is None

    def test_of_an_address_the_newcomer_is_refused(self) -> None:
        full = crowd(*["192.0.2.7"] * 3)

        found = full.full(of("192.0.2.7"), LIMITS)

        assert found == Full(HTTP_PER_ADDRESS, 3, "from 192.0.2.7", None)
        assert str(found) == "3 from 192.0.2.7: 'limits.http_per_address'"
        assert full.full(of("::ffff:192.0.2.7"), LIMITS) == found
        assert full.full(of("192.0.2.8"), LIMITS) is None

    def test_of_an_ipv6_network_half_of_all_is_for_others(self) -> None:
        full = crowd(*(f"2001:db8::{number}" for number in range(4)))

        found = full.full(of("2001:db8::9"), LIMITS)

        network = "2001:db8::/64"
        assert found == Full(HTTP_PER_NETWORK, 4, f"from {network}", (Side.OTHERS, network))
        assert str(found) == "4 from 2001:db8::/64: 'http_per_network'"
        assert full.full(of("2001:db8:0:1::9"), LIMITS) is None

    def test_of_all_link_local_addresses_of_an_interface_too(self) -> None:
        full: Crowd[int] = Crowd()
        for number in range(4):
            full.enter(number, of(f"fe80::{number}", interface=2))

        assert full.full(of("fe80::9", interface=2), LIMITS) is not None
        assert full.full(of("fe80::9", interface=3), LIMITS) is None

    def test_of_all(self) -> None:
        full = crowd(*(f"192.0.2.{number}" for number in range(8)))

        found = full.full(of("192.0.2.9"), LIMITS)

        assert found == Full(HTTP_TOTAL, 8, "in all", (Side.OTHERS, ""))

    def test_this_host_and_allowed_networks_are_counted_apart(self) -> None:
        full = crowd(*(f"192.0.2.{number}" for number in range(8)))

        assert full.full(of("127.0.0.1", Side.HOST), LIMITS) is None
        assert full.full(of("198.51.100.1", Side.ALLOWED), LIMITS) is None

    @pytest.mark.parametrize(
        ("side", "many", "bound", "whose"),
        [
            (Side.HOST, 4, HTTP_HOST, "of this host"),
            (Side.ALLOWED, 5, HTTP_ALLOWED, "of the networks in 'api.allow'"),
        ],
    )
    def test_each_side_has_its_own(self, side: Side, many: int, bound: object, whose: str) -> None:
        full = crowd(*(f"127.0.0.{number}" for number in range(many)), side=side)

        found = full.full(of("127.0.0.9", side), LIMITS)

        assert found == Full(bound, many, whose, (side, ""))  # type: ignore[arg-type]

    def test_of_one_address_of_this_host_only_all_are_counted(self) -> None:
        full = crowd(*["127.0.0.1"] * 3, side=Side.HOST)

        assert full.full(of("127.0.0.1", Side.HOST), LIMITS) is None

    def test_each_time_is_counted(self) -> None:
        before = HTTP_TOTAL.times

        crowd(*(f"192.0.2.{number}" for number in range(8))).full(of("192.0.2.9"), LIMITS)

        assert HTTP_TOTAL.times == before + 1

    def test_who_leaves_makes_room(self) -> None:
        full = crowd(*["192.0.2.7"] * 3)

        for _ in range(2):
            full.leave(1)  # the second time it is gone already

        assert full.full(of("192.0.2.7"), LIMITS) is None
        for key in (0, 2):
            full.leave(key)
        assert len(full) == 0
        assert list(full.in_turn((Side.OTHERS, ""), 9)) == []


class TestMakingRoom:
    def test_all_are_looked_at_in_turn_from_the_one_that_was_not(self) -> None:
        full = crowd(*(f"192.0.2.{number}" for number in range(5)))
        found = []

        for many in (2, 2, 5):
            looked = full.in_turn((Side.OTHERS, ""), 9)
            found.append([next(looked) for _ in range(many)])

        assert found == [[0, 1], [1, 2], [2, 3, 4, 0, 1]]

    def test_no_more_are_looked_at_than_there_are(self) -> None:
        full = crowd("192.0.2.1", "192.0.2.2", "192.0.2.3")

        assert list(full.in_turn((Side.OTHERS, ""), 9)) == [0, 1, 2]
        assert list(full.in_turn((Side.OTHERS, ""), 2)) == [0, 1]
