"""Fetches before a machine asks: some at a time, none twice, and told as they go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyxie.errors import BusyError, NotServedError
from pyxie.events.kinds import StoreProgress
from pyxie.events.trace import Trace
from pyxie.images.spec import Upstream
from pyxie.imagestore.imagecache import HeldError
from pyxie.imagestore.named import Named
from pyxie.imagestore.prefetches import Prefetches, Stage
from tests.http.upstream import Mirror, mirror
from tests.imagestore.stores import got, store
from tests.support import Clock, eventually

KERNEL = bytes(1 << 19)


@pytest.fixture
async def there() -> AsyncIterator[Mirror]:
    async with mirror({**{f"f{at}": b"x" for at in range(300)}, "f1": KERNEL}) as found:
        yield found


def named(there: Mirror, *numbers: int) -> list[Named]:
    return [
        Named(by="debian-12 amd64", part="kernel", source=Upstream(f"{there.url}/f{at}"))
        for at in numbers
    ]


async def test_no_more_than_four_are_fetched_at_once(tmp_path: Path, there: Mirror) -> None:
    async with store(tmp_path) as made, Prefetches(made, Trace()) as prefetches:
        there.may.clear()
        begun = prefetches.begin(named(there, *range(6)), "192.0.2.7")
        await eventually(lambda: len(there.asked) == 4)

        stages = [each.stage for each in begun]
        there.may.set()
        await eventually(lambda: all(each.has_ended for each in begun))

        assert stages == [Stage.FETCHING] * 4 + [Stage.WAITING] * 2
        assert {each.stage for each in begun} == {Stage.FETCHED}


async def test_who_asks_again_joins_what_is_under_way(tmp_path: Path, there: Mirror) -> None:
    async with store(tmp_path) as made, Prefetches(made, Trace()) as prefetches:
        there.may.clear()
        (one,) = prefetches.begin(named(there, 1, 1), "192.0.2.7")
        (other,) = prefetches.begin(named(there, 1), "192.0.2.8")
        there.may.set()
        await eventually(lambda: one.has_ended)

        assert one is other
        assert len(there.asked) == 1


async def test_how_far_one_has_come_is_told_once_a_second(tmp_path: Path, there: Mirror) -> None:
    trace, clock = Trace(), Clock()

    def steady() -> float:
        clock.now += 1
        return clock.now

    async with store(tmp_path) as made, Prefetches(made, trace, steady=steady) as prefetches:
        with trace.follow(progress=True) as queue:
            (one,) = prefetches.begin(named(there, 1), "192.0.2.7")
            await eventually(lambda: one.has_ended)
            told = [queue.get_nowait() for _ in range(queue.qsize())]

    progress = [each.what for each in told if isinstance(each.what, StoreProgress)]
    assert progress
    assert all(each.source == f"{there.url}/f1" for each in progress)
    assert all(0 < each.there <= len(KERNEL) == each.total for each in progress)
    assert {each.peer for each in told} == {"192.0.2.7"}


async def test_too_many_are_refused_and_none_of_them_begins(tmp_path: Path, there: Mirror) -> None:
    async with store(tmp_path) as made, Prefetches(made, Trace()) as prefetches:
        there.may.clear()
        prefetches.begin(named(there, *range(200)), "192.0.2.7")

        with pytest.raises(BusyError, match="200 files are being fetched"):
            prefetches.begin(named(there, *range(200, 300)), "192.0.2.7")

        assert len(prefetches.all()) == 200


async def test_of_those_that_have_ended_the_last_are_remembered(
    tmp_path: Path, there: Mirror
) -> None:
    async with store(tmp_path, {"size": 0}) as made, Prefetches(made, Trace()) as prefetches:
        first = prefetches.begin(named(there, *range(200)), "192.0.2.7")
        await eventually(lambda: all(each.has_ended for each in first))
        prefetches.begin(named(there, *range(200, 300)), "192.0.2.7")

        assert len(prefetches.all()) == 256
        assert first[0].why == "no images are kept"
        assert first[0] not in prefetches.all()


async def test_one_that_is_cancelled_while_it_waits_never_begins(
    tmp_path: Path, there: Mirror
) -> None:
    async with store(tmp_path) as made, Prefetches(made, Trace()) as prefetches:
        there.may.clear()
        begun = prefetches.begin(named(there, *range(5)), "192.0.2.7")
        await eventually(lambda: len(there.asked) == 4)

        assert await prefetches.cancel(begun[4].key, "192.0.2.7") == f"{there.url}/f4"
        there.may.set()
        await eventually(lambda: all(each.has_ended for each in begun))

        assert (begun[4].stage, begun[4].why) == (Stage.FAILED, "was cancelled")
        assert ("GET", "f4") not in there.asked


async def test_one_that_was_begun_by_others_can_be_cancelled_once_they_have_left(
    tmp_path: Path, there: Mirror
) -> None:
    async with store(tmp_path) as made, Prefetches(made, Trace()) as prefetches:
        there.may.clear()
        machine = asyncio.create_task(got(made, f"{there.url}/f1"))
        await eventually(lambda: any(each.readers for each in made.fetching()))
        (growth,) = made.fetching()
        with pytest.raises(HeldError, match="a machine is being sent it"):
            await prefetches.cancel(growth.key, "192.0.2.7")
        machine.cancel()
        await eventually(lambda: not growth.readers)

        assert await prefetches.cancel(growth.key, "192.0.2.7") == f"{there.url}/f1"
        await eventually(lambda: not made.fetching())

        with pytest.raises(NotServedError):
            await prefetches.cancel(growth.key, "192.0.2.7")


async def test_one_that_is_begun_again_as_it_ends_is_ended_with_pyxie(
    tmp_path: Path, there: Mirror
) -> None:
    async with store(tmp_path) as made:
        async with Prefetches(made, Trace()) as prefetches:
            there.may.clear()
            (first,) = prefetches.begin(named(there, 1), "192.0.2.7")
            await eventually(lambda: there.asked)
            await prefetches.cancel(first.key, "192.0.2.7")
            (again,) = prefetches.begin(named(there, 1), "192.0.2.7")
            await asyncio.sleep(0)

            assert await prefetches.cancel(again.key, "192.0.2.7")
        assert first is not again


async def test_the_end_of_pyxie_ends_them_and_they_go_on_later(
    tmp_path: Path, there: Mirror
) -> None:
    there.may.clear()
    async with store(tmp_path) as made, Prefetches(made, Trace()) as prefetches:
        serving = asyncio.create_task(prefetches.serve())
        prefetches.begin(named(there, 1), "192.0.2.7")
        await eventually(lambda: there.asked)
        serving.cancel()
    there.may.set()
    async with store(tmp_path) as made, Prefetches(made, Trace()) as prefetches:
        (one,) = prefetches.begin(named(there, 1), "192.0.2.7")
        await eventually(lambda: one.has_ended)

        assert one.stage is Stage.FETCHED
