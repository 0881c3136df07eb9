"""When services that look now and then look: at once with the others."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.service import next_tick, until_tick


class TestATick:
    @pytest.mark.parametrize(
        ("now", "seconds", "left"),
        [
            (100.25, 1.0, 0.75),
            (100.25, 5.0, 4.75),
            (101.0, 5.0, 4.0),
            (100.25, 0.0, 0.0),
            (100.0, 1.0, 1.0),  # not just now,
            (100.999999, 1.0, 1.000001),  # nor a moment later, of a timer that went off early
        ],
    )
    def test_is_a_multiple_of_so_many_seconds(
        self, now: float, seconds: float, left: float
    ) -> None:
        assert until_tick(now, seconds) == pytest.approx(left)

    @given(now=st.floats(0, 1e7), seconds=st.sampled_from([0.5, 1.0, 2.0, 5.0, 10.0]))
    def test_is_never_at_once_and_never_much_later(self, now: float, seconds: float) -> None:
        left = until_tick(now, seconds)

        assert seconds / 100 < left <= seconds * 1.01
        assert (now + left) / seconds == pytest.approx(round((now + left) / seconds), abs=1e-6)

    async def test_is_the_same_for_all(self) -> None:
        """Whenever they began to wait for it."""
        loop, woken = asyncio.get_running_loop(), list[float]()

        async def look(after: float) -> None:
            await asyncio.sleep(after)
            await next_tick(0.2)
            woken.append(loop.time() // 0.2)

        await next_tick(0.2)
        await asyncio.gather(*(look(at / 100) for at in range(5)))

        assert len(set(woken)) == 1
