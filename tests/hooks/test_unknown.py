"""Hooks of unknown machines: behind everybody else, and no more than can be run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pyxie.bounds import UNKNOWN_HOOKS_PENDING, UNKNOWN_HOOKS_WAITING
from pyxie.config.build import Hook
from pyxie.hooks.unknown import UnknownHooks
from pyxie.store.database import Database
from pyxie.store.pending import PendingHooks
from pyxie.store.pools import StoreError
from tests.store.newest import url
from tests.support import Clock, eventually

HOOKS = (Hook(command="true"), Hook(command="false"))


class Store:
    """Pending hooks in memory, on a disk that may fill up."""

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.owed = 0
        self.full = False

    async def unknown(self) -> int:
        await asyncio.sleep(0)
        if self.full:
            raise StoreError("disk I/O error")
        return self.owed

    async def enqueue_unknown(self, hooks: Sequence[Hook], at: float, macs: Sequence[str]) -> None:
        assert (tuple(hooks), at) == (HOOKS, 5.0)
        await asyncio.sleep(0)
        self.writes.append(list(macs))
        self.owed += len(macs)


class Lab:
    def __init__(self) -> None:
        self.store = Store()
        self.commands: Sequence[Hook] = HOOKS
        self.woken = 0
        self.steady = Clock(0.0)
        self.hooks = UnknownHooks(
            self.store,
            lambda: self.commands,
            self.wake,
            clock=lambda: 5.0,
            steady=self.steady,
            every=0.001,
        )

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(url(tmp_path)) as database:
        yield database


async def test_are_stored_many_in_one_write(lab: Lab) -> None:
    for number in range(20):
        lab.hooks.run_for(str(number))
    await eventually(lambda: not lab.hooks)

    assert lab.store.writes == [[str(number) for number in range(20)]]
    assert lab.woken == 1


async def test_are_stored_once_for_a_machine_within_ten_minutes(lab: Lab) -> None:
    for now in (0.0, 599.0, 601.0):
        lab.steady.now = now
        lab.hooks.run_for("a")
        await eventually(lambda: not lab.hooks)

    assert lab.store.writes == [["a"], ["a"]]


async def test_wait_while_others_are_to_be_run(lab: Lab) -> None:
    before = UNKNOWN_HOOKS_PENDING.times
    for number in range(UNKNOWN_HOOKS_PENDING.whole + 5):
        lab.hooks.run_for(str(number))
    await eventually(lambda: UNKNOWN_HOOKS_PENDING.times > before)
    waiting = len(lab.hooks)
    lab.store.owed = 0
    await eventually(lambda: not lab.hooks)

    assert waiting == 5
    assert [len(each) for each in lab.store.writes] == [UNKNOWN_HOOKS_PENDING.whole, 5]


async def test_of_a_flood_are_dropped_and_counted_by_one_task(lab: Lab) -> None:
    before, tasks = UNKNOWN_HOOKS_WAITING.times, len(asyncio.all_tasks())
    lab.store.owed = UNKNOWN_HOOKS_PENDING.whole
    for number in range(60_000):
        lab.hooks.run_for(str(number))

    assert len(lab.hooks) == UNKNOWN_HOOKS_WAITING.whole
    assert UNKNOWN_HOOKS_WAITING.times == before + 60_000 - UNKNOWN_HOOKS_WAITING.whole
    assert len(asyncio.all_tasks()) == tasks + 1
    assert lab.hooks.is_full


async def test_are_told_of_once_while_the_disk_is_full_and_kept(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.store.full = True
    for number in range(50):
        lab.hooks.run_for(str(number))
        await asyncio.sleep(0.001)
    lab.store.full = False
    await eventually(lambda: len(lab.hooks) < 50)

    assert caplog.messages == ["hooks of unknown machines cannot be stored: disk I/O error"]


async def test_that_there_are_none_of_cost_nothing(lab: Lab) -> None:
    lab.commands = ()
    for number in range(1000):
        lab.hooks.run_for(str(number))

    assert (len(lab.hooks), lab.hooks.is_full) == (0, False)


async def test_that_were_taken_out_of_the_settings_are_forgotten(lab: Lab) -> None:
    lab.store.owed = UNKNOWN_HOOKS_PENDING.whole
    lab.hooks.run_for("a")
    lab.commands = ()
    lab.store.owed = 0
    await eventually(lambda: not lab.hooks)

    assert (lab.store.writes, lab.woken) == ([], 0)


async def test_are_counted_by_machine_on_disk(database: Database) -> None:
    pending = PendingHooks(database)

    await pending.enqueue_unknown(HOOKS, 5.0, ["a", "b", "c"])

    assert await pending.unknown() == 3
