"""What is to be written keeps its order, is kept while that fails, and nobody waits in line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from pyxie import bounds
from pyxie.store import queue as module
from pyxie.store.pools import StoreError, UnfitError
from pyxie.store.queue import WriteQueue
from tests.support import eventually


class Disk:
    """Takes what is written, unless it is full; what it takes no time for can be made to last."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.full = False
        self.unfit = -1
        self.free = asyncio.Event()
        self.free.set()

    async def write(self, some: Sequence[int]) -> None:
        await self.free.wait()
        if self.full:
            raise StoreError("database is locked")
        if self.unfit in some:
            raise UnfitError("no such value")
        self.batches.append(list(some))


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def queue(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> WriteQueue[int]:
    monkeypatch.setattr(bounds.STORE_PATIENCE, "most", 0.02)
    monkeypatch.setattr(module, "_RETRY", 0.01)
    return WriteQueue("state", disk.write)


class TestAdding:
    async def test_waits_until_it_is_stored(self, queue: WriteQueue[int], disk: Disk) -> None:
        await queue.add(1)

        assert disk.batches == [[1]]
        assert len(queue) == 0

    async def test_of_several_meanwhile_is_one_write_in_their_order(
        self, queue: WriteQueue[int], disk: Disk
    ) -> None:
        disk.free.clear()
        adding = [asyncio.create_task(queue.add(each)) for each in range(4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        queue.put(4)
        disk.free.set()
        await asyncio.gather(*adding)
        await queue.settle()

        assert [each for batch in disk.batches for each in batch] == [0, 1, 2, 3, 4]
        assert len(disk.batches) < 5

    async def test_waits_no_longer_than_a_moment(self, queue: WriteQueue[int], disk: Disk) -> None:
        waited = bounds.STORE_PATIENCE.times
        disk.free.clear()

        await queue.add(1)

        assert queue.waiting() == [1]
        assert bounds.STORE_PATIENCE.times == waited + 1
        disk.free.set()
        await eventually(lambda: disk.batches == [[1]])


class TestWhileItFails:
    async def test_nobody_waits_and_nothing_is_lost(
        self, queue: WriteQueue[int], disk: Disk, caplog: pytest.LogCaptureFixture
    ) -> None:
        disk.full = True
        await queue.add(1)
        disk.free.clear()  # who asked the disk now would wait
        await queue.add(2)
        await queue.add(3)

        assert queue.waiting() == [1, 2, 3]
        assert queue.problem == "database is locked"
        disk.full = False
        disk.free.set()
        serving = asyncio.create_task(queue.serve())
        await eventually(lambda: disk.batches == [[1, 2, 3]])
        await eventually(lambda: queue.problem == "")
        serving.cancel()
        assert [each.message for each in caplog.records if each.levelname != "DEBUG"] == [
            "state: cannot be written (database is locked); kept in memory, tried again",
            "state: written again",
        ]

    async def test_what_can_never_be_stored_keeps_nothing_else_back(
        self, queue: WriteQueue[int], disk: Disk, caplog: pytest.LogCaptureFixture
    ) -> None:
        disk.unfit = 2
        for each in (1, 2, 3):
            queue.put(each)
        await queue.settle()

        assert disk.batches == [[1], [3]]
        assert "state: int can never be written (no such value); given up" in caplog.text

    async def test_the_end_tells_what_is_left(self, queue: WriteQueue[int], disk: Disk) -> None:
        disk.full = True
        queue.put(1)
        queue.put(2)

        assert await queue.close() == [1, 2]

    async def test_the_end_does_not_wait_for_ever(
        self, queue: WriteQueue[int], disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_LAST", 0.01)
        disk.free.clear()
        queue.put(1)

        assert await queue.close() == [1]
        disk.free.set()
