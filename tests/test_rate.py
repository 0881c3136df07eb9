"""Bounds on what one client can make pyxie do and say."""

from __future__ import annotations

import pytest

from pyxie.rate import Newcomers, Once, Spacing, TokenBuckets, first_slow


class TestTokenBuckets:
    def test_a_burst_passes_and_no_more(self) -> None:
        buckets = TokenBuckets(3)

        assert [buckets.allow("a", 0.0) for _ in range(5)] == [True, True, True, False, False]

    def test_tokens_come_back_with_time(self) -> None:
        buckets = TokenBuckets(2, burst=1)

        assert [buckets.allow("a", now) for now in (0.0, 0.4, 0.6, 0.9, 1.1)] == [
            True, False, True, False, True,
        ]  # fmt: skip

    def test_no_more_than_a_burst_is_saved_up(self) -> None:
        buckets = TokenBuckets(2)
        buckets.allow("a", 0.0)

        assert [buckets.allow("a", 1000.0) for _ in range(3)] == [True, True, False]

    def test_each_key_has_a_bucket_of_its_own(self) -> None:
        buckets = TokenBuckets(1)
        buckets.allow("a", 0.0)

        assert not buckets.allow("a", 0.0)
        assert buckets.allow("b", 0.0)

    def test_less_than_one_a_second_still_lets_one_through(self) -> None:
        buckets = TokenBuckets(0.1)

        assert [buckets.allow("a", now) for now in (0.0, 9.0, 10.5)] == [True, False, True]

    def test_zero_means_no_limit_and_no_memory(self) -> None:
        buckets = TokenBuckets(0)

        assert all(buckets.allow("a", 0.0) for _ in range(1000))
        assert len(buckets) == 0

    def test_the_key_heard_least_recently_is_forgotten(self) -> None:
        buckets = TokenBuckets(1, capacity=2)
        for key in ("a", "b", "a", "c"):
            buckets.allow(key, 0.0)

        assert len(buckets) == 2
        assert not buckets.allow("a", 0.0)
        assert buckets.allow("b", 0.0)

    def test_how_long_the_next_one_takes_is_told_without_taking_it(self) -> None:
        buckets = TokenBuckets(2, burst=1)
        waits = [buckets.wait("a", 0.0), buckets.wait("a", 0.0)]
        buckets.allow("a", 0.0)
        waits += [buckets.wait("a", now) for now in (0.0, 0.25, 0.5, 9.0)]

        assert waits == [0.0, 0.0, 0.5, 0.25, 0.0, 0.0]
        assert TokenBuckets(0).wait("a", 0.0) == 0.0

    def test_a_clock_that_steps_back_takes_no_tokens(self) -> None:
        buckets = TokenBuckets(2)
        buckets.allow("a", 100.0)

        assert buckets.allow("a", 0.0)


class TestSpacing:
    def test_a_burst_waits_for_nothing_and_then_each_for_those_before_it(self) -> None:
        spacing = Spacing(10.0, burst=3)

        waits = [spacing.wait("a", 5.0) for _ in range(6)]

        assert waits == pytest.approx([0.0, 0.0, 0.0, 0.1, 0.2, 0.3])

    def test_each_key_waits_for_its_own_alone(self) -> None:
        spacing = Spacing(10.0, burst=1)
        for _ in range(5):
            spacing.wait("a", 0.0)

        assert spacing.wait("b", 0.0) == 0.0

    def test_who_has_waited_owes_nothing(self) -> None:
        spacing = Spacing(10.0, burst=1)
        for _ in range(5):
            spacing.wait("a", 0.0)

        assert spacing.wait("a", 0.5) == 0.0
        assert spacing.wait("a", 0.2) == pytest.approx(0.4)  # a clock that steps back forgives none

    def test_the_longest_unheard_is_forgotten(self) -> None:
        spacing = Spacing(10.0, burst=1, capacity=2)
        for key in "abc":
            spacing.wait(key, 0.0)

        assert len(spacing) == 2


class TestOnce:
    def test_the_same_is_news_once_a_window(self) -> None:
        once = Once(60.0)

        assert [once.news("a", now) for now in (0.0, 1.0, 59.9, 60.0, 61.0)] == [
            True, False, False, True, False,
        ]  # fmt: skip

    def test_the_oldest_is_forgotten(self) -> None:
        once = Once(60.0, capacity=2)
        for key in ("a", "b", "c"):
            once.news(key, 0.0)

        assert len(once) == 2
        assert not once.news("c", 1.0)
        assert once.news("a", 1.0)


class TestNewcomers:
    def test_so_many_pass_at_once_and_then_by_time(self) -> None:
        newcomers = Newcomers(2, burst=3)

        assert [newcomers.allow(number, 0.0) for number in range(5)] == [
            True, True, True, False, False,
        ]  # fmt: skip
        assert [newcomers.allow(number, 1.0) for number in range(5, 8)] == [True, True, False]

    def test_who_is_there_passes_always(self) -> None:
        newcomers = Newcomers(1, burst=1)
        newcomers.know("a")

        assert all(newcomers.allow("a", 0.0) for _ in range(10))
        assert newcomers.allow("b", 0.0)
        assert not newcomers.allow("b", 0.0)

    def test_the_longest_unheard_is_forgotten(self) -> None:
        newcomers = Newcomers(1, burst=1, capacity=2)
        for key in ("a", "b"):
            newcomers.know(key)
        newcomers.allow("a", 0.0)
        newcomers.know("c")

        assert len(newcomers) == 2
        assert newcomers.allow("new", 0.0)
        assert [newcomers.allow(key, 0.0) for key in ("a", "b", "c")] == [True, False, True]


class TestMakingRoom:
    def test_the_first_that_is_slow_does_and_no_more_are_looked_at(self) -> None:
        looked = iter([("a", 5000.0), ("b", 20.0), ("c", 10.0)])

        assert first_slow(looked) == "b"
        assert next(looked) == ("c", 10.0)

    def test_nobody_does_who_moves(self) -> None:
        """A baseboard controller that reads 50 kB/s keeps its place."""
        assert first_slow([("a", 50_000.0), ("b", 1e9)]) is None
