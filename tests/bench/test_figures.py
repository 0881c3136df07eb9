"""What runs come to."""

from __future__ import annotations

import pytest

from bench.contest import Result, Taken, Wanted, at_least, at_most
from bench.figures import Spread, others, rows, spread
from tests.bench.runs import result


class TestAFigure:
    def test_is_the_median_of_the_runs_with_the_least_and_the_most(self) -> None:
        assert spread([90, 120, 100, 95, 105]) == Spread(100, 90, 120)

    def test_has_for_noise_half_of_its_range(self) -> None:
        assert spread([90, 100, 120]).noise == 0.15

    def test_that_is_nothing_has_no_noise(self) -> None:
        assert spread([0, 0]).noise == 0


class TestARatio:
    def test_is_the_median_of_those_within_each_round(self) -> None:
        """Not of the medians: the second round was slow for both."""
        (row,) = rows(result(pyxie=[120, 66, 130], dnsmasq=[100, 50, 104]))

        assert row.ratio == Spread(1.25, 1.2, 1.32)

    def test_is_to_the_best_of_the_peers(self) -> None:
        beside = at_least(1, "dnsmasq", "atftpd")

        (row,) = rows(result(beside, pyxie=[100], atftpd=[50], dnsmasq=[80], nginx=[200]))

        assert [side.name for side in row.peers] == ["dnsmasq", "atftpd"]
        assert [side.name for side in row.others] == ["nginx"]
        assert row.ratio == Spread(1.25, 1.25, 1.25)

    def test_of_what_is_better_small_is_to_the_peer_with_the_least(self) -> None:
        beside = at_most(1, "dnsmasq", "atftpd", of="p99", work="p99 of it", unit="ms")

        (row,) = rows(result(beside, pyxie=[90], atftpd=[50], dnsmasq=[80]))

        assert (row.work, row.unit) == ("p99 of it", "ms")
        assert [side.name for side in row.peers] == ["atftpd", "dnsmasq"]
        assert row.ours.figure == Spread(9, 9, 9)
        assert row.ratio == Spread(1.8, 1.8, 1.8)

    def test_to_nothing_is_without_end(self) -> None:
        (row,) = rows(result(pyxie=[90], dnsmasq=[0]))

        assert row.ratio == Spread(float("inf"), float("inf"), float("inf"))


class TestWhatIsWanted:
    @pytest.mark.parametrize(
        ("wanted", "reached", "held"),
        [
            (at_least(1.0, "dnsmasq"), True, 2),
            (at_least(1.2, "dnsmasq"), False, 1),
            (at_most(1.0, "dnsmasq"), False, 1),
            (at_most(1.2, "dnsmasq"), True, 2),
            (at_least(110), True, 2),
            (at_most(105), False, 1),
        ],
    )
    def test_is_reached_by_the_median_and_in_so_many_rounds(
        self, wanted: Wanted, reached: bool, held: int
    ) -> None:
        (row,) = rows(result(wanted, pyxie=[90, 110, 130], dnsmasq=[100, 100, 100]))

        assert (row.reached, row.held, row.rounds) == (reached, held, 3)

    def test_has_a_goal_in_the_figures_own_unit(self) -> None:
        wanted = at_least(4, "dnsmasq"), at_most(7), at_least(1, "atftpd")

        found = rows(result(*wanted, pyxie=[90], dnsmasq=[100]))

        assert [row.goal for row in found] == [400, 7, None]

    def test_is_neither_reached_nor_missed_where_no_peer_is_installed(self) -> None:
        (row,) = rows(result(at_least(1, "atftpd"), pyxie=[90]))

        assert (row.peers, row.ratio, row.reached, row.held) == ((), None, None, None)


def test_a_side_is_told_with_the_processors_that_it_used() -> None:
    (row,) = rows(result(pyxie=[90], dnsmasq=[100]))

    assert row.ours.processors == 0.5


class TestWhatElseRan:
    def test_is_told_of_all_runs(self) -> None:
        busy = {"pyxie": [Taken(1, 1, 1, {"others": at}) for at in (2.0, 30.0, 4.0)]}
        results = [Result(result(pyxie=[1]).contest, busy, {}), result(pyxie=[1])]

        assert others(results) == Spread(4, 2, 30)

    def test_is_nothing_where_nobody_looked(self) -> None:
        assert others([result(pyxie=[1])]) is None
