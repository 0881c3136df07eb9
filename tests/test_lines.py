from __future__ import annotations

import pytest

from pyxie.bounds import LOG_CLIENTS, LOG_REFUSALS, Bound
from pyxie.lines import _BOUNDS, BURST, Lines, Sort, about


def taken(lines: Lines, sort: Sort, clients: int, times: int, now: float = 0.0) -> int:
    return sum(
        lines.takes(sort, f"192.0.2.{client}", now)
        for _ in range(times)
        for client in range(clients)
    )


class TestAbout:
    def test_goes_with_the_line(self) -> None:
        assert about(Sort.REQUESTS, "192.0.2.7") == {"about": (Sort.REQUESTS, "192.0.2.7")}
        assert about(None) == {"about": (None, "")}


class TestAll:
    def test_sorts_together_are_under_a_hundred_lines_a_second(self) -> None:
        """Of the details there are more, where somebody has asked for them."""
        usual = [bound.most for sort, bound in _BOUNDS.items() if sort is not Sort.DETAILS]

        assert sum(usual) * (60 + BURST) / 60 < 100

    @pytest.mark.parametrize(("sort", "bound"), _BOUNDS.items(), ids=str)
    def test_have_their_rate_and_so_many_at_once(self, sort: Sort, bound: Bound) -> None:
        lines, before = Lines(), bound.times

        at_once = sum(lines.takes(sort, "", 0.0) for _ in range(10_000))
        a_minute_later = sum(lines.takes(sort, "", 10.0) for _ in range(10_000))

        assert at_once == int(bound.most * BURST)
        assert a_minute_later == pytest.approx(bound.most * 10, abs=1)
        assert bound.times - before == 20_000 - at_once - a_minute_later


class TestOneClient:
    def test_has_a_part_of_a_sort_and_leaves_the_others_theirs(self) -> None:
        lines = Lines()

        flood = taken(lines, Sort.REFUSALS, clients=1, times=1000)
        another = lines.takes(Sort.REFUSALS, "192.0.2.99", 0.0)

        assert flood == int(LOG_REFUSALS.most * BURST * 0.4)
        assert another

    def test_that_is_refused_takes_nothing_of_another_sort(self) -> None:
        lines = Lines()
        taken(lines, Sort.REFUSALS, clients=200, times=10)
        taken(lines, Sort.STRANGERS, clients=200, times=10)

        assert lines.takes(Sort.REQUESTS, "192.0.2.1", 0.0)
        assert lines.takes(Sort.MACHINES, "web01", 0.0)

    def test_a_hall_of_machines_is_told_of_whole(self) -> None:
        """200 machines within two minutes, with eight events and twelve requests each."""
        lines, left = Lines(), 0
        for second in range(120):
            for at in range(200 * 8 // 120):
                left += not lines.takes(Sort.MACHINES, f"web{(second + at) % 200}", float(second))
            for at in range(200 * 12 // 120):
                left += not lines.takes(
                    Sort.REQUESTS, f"192.0.2.{(second + at) % 200}", float(second)
                )

        assert left == 0


class TestLeftOut:
    def test_is_told_with_whom_most_were_of(self) -> None:
        lines = Lines()
        taken(lines, Sort.REFUSALS, clients=1, times=139)
        taken(lines, Sort.BUGS, clients=1, times=2)
        for _ in range(2000):
            lines.takes(Sort.OTHERS, "", 0.0)

        told = lines.left_out()

        assert told == [
            "left out of the log: 101 line(s) on refused requests, 101 of them by 192.0.2.0",
            "left out of the log: 1 line(s) on bugs, with their tracebacks, 1 of them by 192.0.2.0",
            "left out of the log: 1892 line(s) on other things",
        ]
        assert lines.left_out() == []

    def test_clients_that_are_counted_are_bounded(self) -> None:
        lines = Lines()
        many = LOG_CLIENTS.whole
        for client in range(many + 2000):
            lines.takes(Sort.STRANGERS, str(client), 0.0)

        [told] = lines.left_out()

        assert told.endswith(" 1 of them by 96")
