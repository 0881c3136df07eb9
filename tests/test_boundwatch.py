"""When a bound was reached."""

from __future__ import annotations

import asyncio

from pyxie.bounds import Bound
from pyxie.boundwatch import BoundWatch, Reached
from tests.support import Clock, eventually


def bounds() -> tuple[Bound, Bound, Bound]:
    return Bound("a", 1, "x", "y"), Bound("b", 1, "x", "y"), Bound("c", 1, "x", "y")


class TestABoundWatch:
    def test_tells_what_was_reached_the_last_at_the_top(self) -> None:
        one, other, never = bounds()
        clock = Clock()
        watch = BoundWatch(clock, bounds=(one, other, never))
        one.reached()
        watch.look()
        first, clock.now = clock.now, clock.now + 60
        other.reached(3)

        assert watch.reached() == [Reached(other, first + 60), Reached(one, first)]

    def test_does_not_know_when_that_was_before_it_began(self) -> None:
        one, *_ = bounds()
        one.reached()
        watch = BoundWatch(Clock(), bounds=(one,))

        assert watch.reached() == [Reached(one, None)]

    async def test_looks_by_itself(self) -> None:
        one, *_ = bounds()
        clock = Clock()
        async with BoundWatch(clock, every=0.01, bounds=(one,)) as watch:
            serving = asyncio.create_task(watch.serve())
            one.reached()
            at = clock.now
            await eventually(lambda: watch._last)
            clock.now += 60

            assert watch.reached() == [Reached(one, at)]
            serving.cancel()
