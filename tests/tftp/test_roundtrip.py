"""How long a client takes to answer, as one transfer learns it."""

from __future__ import annotations

import math

from pyxie.tftp.roundtrip import SOONEST, RoundTrip


def after(*seconds: float) -> RoundTrip:
    made = RoundTrip()
    for each in seconds:
        made.took(each)
    return made


class TestARoundTrip:
    def test_is_unknown_at_first(self) -> None:
        assert (RoundTrip().least, RoundTrip().usual) == (0.0, 0.0)
        assert RoundTrip().patience == math.inf

    def test_is_at_least_the_shortest_that_was_seen(self) -> None:
        assert after(0.2, 0.1, 0.4).least == 0.1

    def test_of_no_time_at_all_was_not_measured(self) -> None:
        """The clock is looked at once for several datagrams."""
        assert after(0.0, 0.2, 0.0).least == 0.2
        assert after(0.0).patience == math.inf

    def test_becomes_longer_at_once_and_shorter_slowly(self) -> None:
        assert after(0.1, 0.4).usual == 0.4
        assert round(after(0.4, 0.08).usual, 6) == 0.36

    def test_is_waited_for_twice_but_not_for_less_than_clients_pause(self) -> None:
        assert after(0.3).patience == 0.6
        assert after(0.001).patience == SOONEST

    def test_is_not_over_in_a_quarter_of_the_shortest(self) -> None:
        assert after(0.2, 0.4).too_soon(0.04)
        assert not after(0.2, 0.4).too_soon(0.06)
        assert not RoundTrip().too_soon(0.0)

    def test_is_shortest_to_a_windows_beginning(self) -> None:
        trip = after(0.2)

        trip.answered(0.05)
        trip.answered(0.1)
        trip.answered(0.0)

        assert (trip.least, trip.usual) == (0.05, 0.2)

    def test_that_may_be_that_of_a_copy_counts_an_eighth(self) -> None:
        long, short = after(0.1), after(0.1)

        long.took_perhaps(0.9)
        short.took_perhaps(0.02)

        assert round(long.usual, 6) == 0.2
        assert round(short.usual, 6) == 0.09
        assert long.least == short.least == 0.1
