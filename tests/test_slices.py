"""Some at a time: others have their turn between, and all are walked as they were."""

from __future__ import annotations

import asyncio
import time

from pyxie.slices import SLICE, in_slices


class TestInSlices:
    async def test_lets_others_have_their_turn_where_each_takes_long(self) -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        task = asyncio.create_task(others())
        async for _ in in_slices(range(4)):
            time.sleep(SLICE)  # noqa: ASYNC251 - as work does
        task.cancel()

        assert turns >= 3

    async def test_leaves_others_as_much_time_as_they_are_to_have(self) -> None:
        began = time.monotonic()
        async for _ in in_slices(range(4), turn=0.0, rest=0.01):
            pass

        assert time.monotonic() - began >= 4 * 0.01

    async def test_walks_them_as_they_were_whatever_is_changed_meanwhile(self) -> None:
        values = {1: "a", 2: "b"}
        walked = []

        async for each in in_slices(values.values()):
            values[3] = "c"
            walked.append(each)

        assert walked == ["a", "b"]
