"""Builds that are asked for at once, and those that take too long."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pyxie import bounds
from pyxie.builds.beginnings import InBuildError
from pyxie.builds.builds import Builds
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import State
from pyxie.builds.records import BuildRecords
from pyxie.events.trace import Trace
from pyxie.metrics import Metrics
from pyxie.store import pools
from pyxie.store.database import Database
from pyxie.store.pools import StoreError
from tests.builds.stores import machine
from tests.store.newest import url
from tests.store.revisions import before_statements
from tests.support import Clock, eventually

HOSTS = [f"web{number:02}.internal" for number in range(20)]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Builds]:
    clock = Clock()
    async with Database(url(folder)) as database:
        records = BuildRecords(database)
        trace, metrics = Trace(clock=clock), Metrics()
        builds = Builds(BuildIndex(), records, trace, metrics, clock=clock, steady=clock)
        async with builds:
            serving = asyncio.create_task(builds.serve())
            yield builds
            serving.cancel()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Have another program write to the state, and not end."""
    with closing(sqlite3.connect(folder / "pyxie.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def stored(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "pyxie.sqlite")) as there:
        return there.execute("SELECT host, state FROM builds ORDER BY id").fetchall()


def steps(folder: Path, host: str) -> list[str]:
    with closing(sqlite3.connect(folder / "pyxie.sqlite")) as there:
        found = there.execute(
            "SELECT t.state FROM transitions t JOIN builds b ON b.id = t.build_id"
            " WHERE b.host = ? ORDER BY t.id",
            (host,),
        )
        return [state for (state,) in found]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds.STORE_PATIENCE, "most", 0.05)
    monkeypatch.setattr("pyxie.store.queue._RETRY", 0.05)
    monkeypatch.setattr(pools, "_BUSY", 0.3)


class TestAskedForAtOnce:
    async def test_are_stored_together(self, tmp_path: Path) -> None:
        commits = 0

        def count(sql: str) -> None:
            nonlocal commits
            commits += sql == "COMMIT"

        async with opened(tmp_path) as builds:
            with before_statements(count):
                plans = [builds.plan(machine(host)) for host in HOSTS]
                begun = await asyncio.gather(*(builds.begin(each, None) for each in plans))

            assert {builds.index.active(each.host) for each in begun} == set(begun)
        assert stored(tmp_path) == [(host, "pending") for host in HOSTS]
        assert commits < len(HOSTS) / 2

    async def test_of_one_machine_the_last_replaces_the_others(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as builds:
            plans = [builds.plan(machine(HOSTS[0])) for _ in range(3)]
            begun = await asyncio.gather(*(builds.begin(each, None) for each in plans))

            assert builds.index.active(HOSTS[0]) == begun[-1]
        assert [state for _, state in stored(tmp_path)] == ["replaced", "replaced", "pending"]

    async def test_of_one_machine_that_may_not_be_replaced_one_begins(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as builds:
            plans = [builds.plan(machine(HOSTS[0])) for _ in range(3)]
            ended = await asyncio.gather(
                *(builds.begin(each, None, anew=False) for each in plans), return_exceptions=True
            )

            assert builds.index.active(HOSTS[0]) == ended[0]
            assert [type(each) for each in ended[1:]] == [InBuildError, InBuildError]

    async def test_one_that_can_never_be_stored_keeps_no_other_back(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as builds:
            plans = [builds.plan(machine(host)) for host in HOSTS[:3]]
            plans[1] = replace(plans[1], body="\ud800")
            ended = await asyncio.gather(
                *(builds.begin(each, None) for each in plans), return_exceptions=True
            )

            assert isinstance(ended[1], StoreError)
        assert [host for host, _ in stored(tmp_path)] == [HOSTS[0], HOSTS[2]]


class TestWhileAnotherProgramHoldsTheState:
    async def test_what_ends_builds_counts_at_once_for_all_machines(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as builds:
            begun = [await builds.begin(builds.plan(machine(each)), None) for each in HOSTS[:4]]
            with held(tmp_path):
                async with asyncio.timeout(5):  # one after the other would take them longer
                    await asyncio.gather(*(builds.done(b.host, b.token, None) for b in begun))

                    assert list(builds.index.active_now()) == []
                    for each in begun:  # as an installer does that has lost the answer
                        await builds.done(each.host, each.token, None)
                await eventually(lambda: builds.problem)
                assert builds.problem == (
                    "the state cannot be written: database is locked; "
                    "4 change(s) of builds are in memory only"
                )
                assert {state for _, state in stored(tmp_path)} == {"pending"}
                # Which is for a disk that is full, and no help here.
                assert (tmp_path / "pyxie.sqlite.reserve").exists()
            await eventually(lambda: builds.unsaved == 0)
            assert builds.problem == ""
        assert {state for _, state in stored(tmp_path)} == {"installed"}

    async def test_a_new_build_is_refused_and_nothing_has_changed(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as builds:
            old = await builds.begin(builds.plan(machine(HOSTS[0])), None)
            with held(tmp_path), pytest.raises(StoreError) as caught:
                await builds.begin(builds.plan(machine(HOSTS[0])), None)

            assert str(caught.value) == "database is locked"
            assert builds.index.active(HOSTS[0]) == old
        assert stored(tmp_path) == [(HOSTS[0], "pending")]

    async def test_one_that_was_refused_for_its_time_never_begins(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.STORE_BEGIN, "most", 0.05)
        async with opened(tmp_path) as builds:
            with held(tmp_path):
                with pytest.raises(StoreError) as caught:
                    await builds.begin(builds.plan(machine(HOSTS[0])), None)
                with pytest.raises(StoreError):  # which was not looked at yet
                    await builds.begin(builds.plan(machine(HOSTS[1])), None)
            await asyncio.sleep(0.3)
            await builds._queue.settle()

            assert str(caught.value) == "it was not written within 0.05 s"
            assert list(builds.index.active_now()) == []
        assert stored(tmp_path) == []

    async def test_one_that_replaces_another_and_is_taken_back_leaves_that_as_it_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(tmp_path) as builds:
            old = await builds.begin(builds.plan(machine(HOSTS[0])), None)
            await builds.installing(old, "booting", "192.0.2.8", None)
            monkeypatch.setattr(bounds.STORE_BEGIN, "most", 0.05)
            with held(tmp_path), pytest.raises(StoreError):
                await builds.begin(builds.plan(machine(HOSTS[0])), None)
            await asyncio.sleep(0.3)
            await builds._queue.settle()

            seen = builds.index.active(HOSTS[0])
            assert seen is not None
            assert (seen.number, seen.state) == (old.number, State.INSTALLING)
        assert stored(tmp_path) == [(HOSTS[0], "installing")]
        assert steps(tmp_path, HOSTS[0]) == ["pending", "installing"]

    async def test_one_whose_caller_is_cancelled_is_taken_back(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as builds:
            with held(tmp_path):
                left = asyncio.create_task(builds.begin(builds.plan(machine(HOSTS[0])), None))
                await asyncio.sleep(0)
                left.cancel()
                await asyncio.wait([left])
            await builds.begin(builds.plan(machine(HOSTS[1])), None)
            await builds._queue.settle()

            assert [each.host for each in builds.index.active_now()] == [HOSTS[1]]
        assert stored(tmp_path) == [(HOSTS[1], "pending")]

    async def test_what_is_lost_at_the_end_is_logged(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        other = ExitStack()
        async with opened(tmp_path) as builds:
            build = await builds.begin(builds.plan(machine(HOSTS[0])), None)
            monkeypatch.setattr("pyxie.store.queue._LAST", 0.5)
            other.enter_context(held(tmp_path))
            await builds.done(build.host, build.token, None)
        other.close()

        said = [each.message for each in caplog.records if "lost" in each.message]
        assert said == [f"state: lost: {HOSTS[0]} installed (build 1), which could not be stored"]
