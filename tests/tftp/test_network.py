"""Whole transfers over networks that lose, double, reorder and delay, to clients of two makes.

Time is simulated: a transfer of minutes takes milliseconds. What is lost costs a part of a second
and a part of a window, never the time-out and never every window that follows.
"""

from __future__ import annotations

import random

import pytest

from pyxie.tftp.limits import Limits
from pyxie.tftp.transfer import Completed
from tests.tftp.network import CLIENT_TIMEOUT, Link, Make, Net

LOADER = random.Random("loader").randbytes(850_000)
BLOCKS = len(LOADER) // 1468 + 1
FAST = Link(delay=0.0001)
ETHERNET = Link(delay=0.0001, rate=12.5e6)
"""100 Mbit/s, and a queue before it that holds all."""

MAKES = pytest.mark.parametrize("make", list(Make), ids=lambda make: make.value)


def fetched(link: Link, make: Make, window: int = 1, **how: object) -> Net:
    options = {"windowsize": str(window)} if window > 1 else {}
    return Net(LOADER, link, make, blksize="1468", **options, **how).run()  # type: ignore[arg-type]


def arrived(net: Net) -> bool:
    return isinstance(net.transfer.outcome, Completed) and bytes(net.client.content) == LOADER


@MAKES
@pytest.mark.parametrize("window", [1, 4, 16, 64])
class TestAnImpairedNetwork:
    @pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
    @pytest.mark.parametrize("delay", [0.0001, 0.05])
    @pytest.mark.parametrize("what", ["lost", "doubled", "hasty"])
    def test_has_the_file_arrive_as_it_is(
        self, make: Make, window: int, what: str, delay: float, share: float
    ) -> None:
        assert arrived(fetched(Link(delay=delay, **{what: share}), make, window))

    @pytest.mark.parametrize("seed", range(3))
    def test_of_all_kinds_at_once_does_so_too(self, make: Make, window: int, seed: int) -> None:
        link = Link(delay=0.01, lost=0.05, doubled=0.05, hasty=0.05)

        assert arrived(fetched(link, make, window, seed=seed))

    @pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
    def test_that_doubles_is_not_answered_by_doubling(
        self, make: Make, window: int, share: float
    ) -> None:
        """The Sorcerer's Apprentice, with windows: it was 40 times the file once."""
        net = fetched(Link(doubled=share), make, window)

        assert arrived(net)
        assert len(net.sent) < 2 * BLOCKS
        assert net.now < 0.2

    def test_that_loses_one_in_a_hundred_costs_half_the_file_at_most(
        self, make: Make, window: int
    ) -> None:
        """That is of 64 blocks, where a loss has half of them sent again."""
        for link in (Link(lost=0.01), Link(lost=0.01, rate=ETHERNET.rate)):
            net = fetched(link, make, window)

            assert arrived(net)
            assert len(net.sent) < (1.1 if window < 16 else 1.7) * BLOCKS
            # U-Boot says a thing once; what has it say that again is its own time-out.
            assert net.now - CLIENT_TIMEOUT * net.waits < 1.5

    def test_that_is_sound_has_nothing_sent_twice(self, make: Make, window: int) -> None:
        for link in (FAST, ETHERNET, Link(delay=0.1)):
            net = fetched(link, make, window)

            assert net.sent == list(range(1, BLOCKS + 1))
            assert net.said == 1 + -(-BLOCKS // window)


@MAKES
@pytest.mark.parametrize("window", [4, 16, 64])
class TestALostBlock:
    """Of the second window, or the third; the rest arrives."""

    @pytest.mark.parametrize("place", ["first", "second", "middle", "last but one", "last"])
    @pytest.mark.parametrize("link", [FAST, ETHERNET], ids=["fast", "100 Mbit/s"])
    def test_is_repaired_without_the_time_out_and_doubles_nothing(
        self, make: Make, window: int, link: Link, place: str
    ) -> None:
        within = {
            "first": 1, "second": 2, "middle": window // 2, "last but one": window - 1,
            "last": window,
        }[place]  # fmt: skip
        sound = fetched(link, make, window)

        net = fetched(link, make, window, drop={window + within: 1})

        assert arrived(net)
        assert len(net.sent) <= BLOCKS + window
        # A time-out is a second; a client's, four.
        assert net.now < sound.now + (0.06 if place.startswith("last") else 0.02)
        assert net.waits == 0

    def test_that_is_lost_again_is_sent_once_more(self, make: Make, window: int) -> None:
        net = fetched(FAST, make, window, drop={window + 1: 2, 3 * window: 3})

        assert arrived(net)
        assert net.now < 1.0


@MAKES
def test_a_lost_ack_is_repaired_without_the_time_out(make: Make) -> None:
    net = Net(LOADER, FAST, make, blksize="1468", windowsize="16")
    say, left = net._say, [3]

    def lossy(ack: bytes) -> None:
        left[0] -= 1
        if left[0]:
            say(ack)

    net._say = lossy  # type: ignore[method-assign]

    assert arrived(net.run())
    assert net.now < 0.1
    assert net.waits == 0


class TestLongFiles:
    """Block numbers go back to 0 after 65,535: at 96 MB with blocks of 1,468 bytes."""

    @MAKES
    def test_wrap_amid_losses(self, make: Make) -> None:
        content = bytes(range(256)) * (8 * 66_000 // 256)

        net = Net(
            content, Link(lost=0.0002, doubled=0.0002), make, blksize="8", windowsize="64",
            drop=dict.fromkeys((65_535, 65_536, 65_537), 1),
        ).run()  # fmt: skip

        assert isinstance(net.transfer.outcome, Completed)
        assert bytes(net.client.content) == content


@pytest.mark.parametrize("delay", [0.0001, 0.05, 0.1])
def test_a_long_way_takes_its_round_trips_and_no_more(delay: float) -> None:
    net = fetched(Link(delay=delay), Make.ECHOING, 64)

    assert net.now == pytest.approx((2 + BLOCKS // 64) * 2 * delay)
    assert Limits().max_windowsize == 64
