"""What known machines do over DHCP that makes no event."""

from __future__ import annotations

from pyxie.bounds import DHCP_SIGHTINGS
from pyxie.dhcp.sightings import Sighting, Sightings
from tests.support import Clock

MAC = "52:54:00:12:34:56"


def test_the_same_discover_is_counted_for_as_long_as_it_is_the_same() -> None:
    clock = Clock(100.0)
    seen = Sightings(clock)

    for _ in range(3):
        seen.answered(MAC, 7)
        clock.now += 4
    assert seen.of(MAC) == Sighting(xid=7, offers=3, first=100.0, last=108.0)

    seen.answered(MAC, 8)
    assert seen.of(MAC) == Sighting(xid=8, offers=1, first=112.0, last=112.0)


def test_each_is_kept_beside_the_others() -> None:
    clock = Clock(100.0)
    seen = Sightings(clock)

    seen.plain(MAC)
    clock.now = 101.0
    seen.limited(MAC)
    clock.now = 102.0
    seen.answered(MAC, 0)

    assert seen.of(MAC) == Sighting(plain=100.0, limited=101.0, offers=1, first=102.0, last=102.0)
    assert seen.of("52:54:00:00:00:00") == Sighting()


def test_of_what_was_not_seen_there_is_nothing() -> None:
    seen, nothing = Sightings(Clock(100.0)), (0, 0, 0.0, 0.0, None)

    seen.plain(MAC)

    for mac, plain in ((MAC, 100.0), ("52:54:00:00:00:00", None)):
        one = seen.of(mac)
        assert one.plain == plain
        assert (one.xid, one.offers, one.first, one.last, one.limited) == nothing


def test_the_oldest_is_forgotten() -> None:
    seen, before = Sightings(Clock()), DHCP_SIGHTINGS.times
    for at in range(DHCP_SIGHTINGS.whole + 1):
        seen.plain(str(at))

    assert DHCP_SIGHTINGS.times == before + 1
    assert seen.of("0") == Sighting()
    assert seen.of("1") != Sighting()


def test_several_are_noted_together() -> None:
    seen = Sightings(Clock(100.0))

    seen.all_answered([(MAC, 7), ("52:54:00:00:00:00", 8), (MAC, 7)])

    assert seen.of(MAC) == Sighting(xid=7, offers=2, first=100.0, last=100.0)
    assert seen.of("52:54:00:00:00:00") == Sighting(xid=8, offers=1, first=100.0, last=100.0)


def test_what_was_answered_is_noted_in_its_order_when_somebody_looks() -> None:
    clock = Clock(100.0)
    seen = Sightings(clock)
    for _ in range(2):
        seen.all_answered([(MAC, 7)])
        clock.now += 1
    seen.plain(MAC)
    seen.all_answered([(MAC, 8)])

    assert seen.of(MAC) == Sighting(plain=102.0, xid=8, offers=1, first=102.0, last=102.0)


def test_what_is_answered_later_comes_after_what_is_to_be_noted() -> None:
    seen = Sightings(Clock(100.0))
    seen.all_answered([(MAC, 7)])

    seen.answered(MAC, 8)

    assert seen.of(MAC).xid == 8


def test_what_is_to_be_noted_is_bounded() -> None:
    seen = Sightings(Clock(100.0))
    for at in range(5000):
        seen.all_answered([(MAC, at)])

    assert seen.waiting == 1024
    assert seen.of(MAC).xid == 4999
    assert seen.waiting == 0
