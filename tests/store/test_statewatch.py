"""A state that is removed, replaced, linked, held, full or hung is noticed before it is needed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pyxie import bounds
from pyxie.builds.builds import Builds
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build, State
from pyxie.builds.records import BuildRecords
from pyxie.errors import StartError
from pyxie.events.trace import Trace
from pyxie.metrics import Metrics
from pyxie.store import pools
from pyxie.store.database import Database
from pyxie.store.file import StateFile
from pyxie.store.pools import StoreError
from pyxie.store.statewatch import StateWatch
from pyxie.threads import Pool
from tests.builds.stores import machine
from tests.store import newest
from tests.support import Clock, eventually, hung

AGAIN = "nothing can be stored any more. Restart pyxie, after `pyxie restore` if there is a backup"


@dataclass
class Site:
    """A daemon's builds, and the look at their state."""

    database: Database
    builds: Builds
    watch: StateWatch

    async def problem(self) -> str:
        await self.watch.look()
        return self.watch.problem

    async def begin(self, host: str = "web01") -> Build:
        return await self.builds.begin(self.builds.plan(machine(host)), None)

    async def refusal(self) -> str:
        with pytest.raises(StoreError) as caught:
            await self.begin("web02")
        return str(caught.value)


@asynccontextmanager
async def opened(folder: Path, name: str = "pyxie.sqlite") -> AsyncIterator[Site]:
    clock, metrics = Clock(), Metrics()
    async with Database(newest.at(f"sqlite:///{folder}/{name}")) as database:
        records, trace = BuildRecords(database), Trace(clock=clock)
        builds = Builds(BuildIndex(), records, trace, metrics, clock=clock, steady=clock)
        async with StateWatch(database, metrics, every=0.02) as watch, builds:
            yield Site(database, builds, watch)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds.STORE_PATIENCE, "most", 0.05)
    monkeypatch.setattr(pools, "_BUSY", 0.2)
    monkeypatch.setattr(pools, "_PROBED", 0.05)


class TestAStateThatIsRemoved:
    async def test_is_told_of_and_no_build_begins(self, tmp_path: Path) -> None:
        file = tmp_path / "pyxie.sqlite"
        async with opened(tmp_path) as site:
            assert await site.problem() == ""
            file.unlink()

            told = f"{file} was removed: put it back, or {AGAIN}"
            assert await site.problem() == told
            assert await site.refusal() == told

    async def test_keeps_what_ends_builds_in_memory_until_it_is_put_back(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "pyxie.sqlite"
        async with opened(tmp_path) as site:
            build = await site.begin()
            file.rename(tmp_path / "away")
            await site.builds.done("web01", build.token, None)
            assert (site.builds.unsaved, site.builds.index.active("web01")) == (1, None)

            (tmp_path / "away").rename(file)
            assert await site.problem() == ""
            assert await site.builds._queue.settle()
        with closing(sqlite3.connect(file)) as there:
            assert there.execute("SELECT state FROM builds").fetchall() == [("installed",)]

    async def test_or_replaced_is_told_of_and_no_build_begins(self, tmp_path: Path) -> None:
        file = tmp_path / "pyxie.sqlite"
        async with opened(tmp_path) as site:
            file.rename(tmp_path / "away")
            file.write_bytes((tmp_path / "away").read_bytes())

            told = f"{file} is another file than it was at the start: {AGAIN}"
            assert await site.problem() == told
            assert await site.refusal() == told

    @pytest.mark.parametrize("put", [lambda _: None, Path.touch], ids=["removed", "replaced"])
    async def test_in_part_is_told_of(self, tmp_path: Path, put: Callable[[Path], None]) -> None:
        """What was stored last is in SQLite's log, beside the file."""
        log = tmp_path / "pyxie.sqlite-wal"
        async with opened(tmp_path) as site:
            await site.begin()
            log.unlink()
            put(log)

            told = f"{log} was removed: {AGAIN}"
            assert await site.problem() == told
            assert await site.refusal() == told


class TestAStateOfTwoNames:
    async def test_is_told_of_and_no_build_begins_until_it_has_one(self, tmp_path: Path) -> None:
        file, other = tmp_path / "pyxie.sqlite", tmp_path / "other.sqlite"
        async with opened(tmp_path) as site:
            build = await site.begin()
            other.hardlink_to(file)

            told = await site.problem()
            assert told.startswith(f"{file} has another name, by which other programs may write")
            assert await site.refusal() == told
            await site.builds.done("web01", build.token, None)
            await eventually(lambda: site.builds.unsaved == 0)

            other.unlink()
            assert await site.problem() == ""
            assert (await site.begin("web02")).state is State.PENDING

    async def test_is_not_used_by_two_daemons(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        async with opened(tmp_path):
            (tmp_path / "b/other.sqlite").hardlink_to(tmp_path / "pyxie.sqlite")
            (tmp_path / "pyxie.sqlite.lock").unlink(missing_ok=True)  # as releases before had it

            with pytest.raises(StartError) as caught:
                async with Database(f"sqlite:///{tmp_path}/b/other.sqlite"):
                    pass

        assert str(caught.value) == (
            f"state: another pyxie is using {tmp_path}/b/other.sqlite; "
            "stop it, or set another 'state' in config.yaml"
        )


class TestTheLock:
    async def test_and_the_looks_leave_sqlites_own_locks_alone(self, tmp_path: Path) -> None:
        """Those are this process's, and go with the first descriptor of the file that is closed."""
        write = (
            "import sqlite3, sys\n"
            f"there = sqlite3.connect('{tmp_path}/pyxie.sqlite', timeout=0)\n"
            "there.execute('BEGIN IMMEDIATE')\n"
        )
        begun, looked = threading.Event(), threading.Event()

        def hold(_connection: sa.Connection) -> None:
            begun.set()
            looked.wait(30)

        async with opened(tmp_path) as site:
            writing = asyncio.create_task(site.database.write(hold))
            await asyncio.to_thread(begun.wait, 30)
            await site.watch.look()
            assert site.database._file is not None
            await asyncio.to_thread(site.database._file.ready)
            held = await asyncio.to_thread(
                subprocess.run, [sys.executable, "-c", write], capture_output=True, text=True
            )
            looked.set()
            await writing
            free = await asyncio.to_thread(
                subprocess.run, [sys.executable, "-c", write], capture_output=True, text=True
            )

        assert held.stderr.splitlines()[-1] == "sqlite3.OperationalError: database is locked"
        assert free.returncode == 0

    async def test_is_on_the_file_that_is_there_when_it_is_taken(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`pyxie restore` may put another in its place, between the opening and the lock."""
        path = tmp_path / "pyxie.sqlite"
        real, times = fcntl.fcntl, iter((True,))

        def restored_first(*args: Any) -> Any:
            if next(times, False):
                path.unlink()
                path.touch()
            return real(*args)

        monkeypatch.setattr(fcntl, "fcntl", restored_first)
        one, two = StateFile(path), StateFile(path)

        one.claim()

        with pytest.raises(StartError):
            two.claim()
        one.leave()


class TestWhatElseIsSeen:
    async def test_another_program_that_holds_it(self, tmp_path: Path) -> None:
        file = tmp_path / "pyxie.sqlite"
        async with opened(tmp_path) as site:
            with closing(sqlite3.connect(file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert await site.problem() == f"{file} cannot be written: database is locked"
                other.execute("ROLLBACK")
            assert await site.problem() == ""

    @pytest.mark.parametrize(
        ("flags", "free", "told"),
        [
            (os.ST_RDONLY, 1 << 20, "the file system of {} is mounted read-only"),
            (0, 10, "the disk of {} is full"),
            (0, 1 << 20, ""),
        ],
    )
    async def test_a_disk_that_is_read_only_or_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int, free: int, told: str
    ) -> None:
        async with opened(tmp_path) as site:
            disk = os.statvfs_result((4096, 4096, 1, free, free, 0, 0, 0, flags, 255))
            monkeypatch.setattr(os, "statvfs", lambda _: disk)

            assert await site.problem() == told.format(tmp_path / "pyxie.sqlite")

    async def test_a_file_system_that_hangs_and_nothing_waits_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.STORE_LOOK, "most", 0.05)
        go_on, disk = threading.Event(), os.statvfs(tmp_path)

        def hangs(_: object) -> os.statvfs_result:
            go_on.wait(60)
            return disk

        async with opened(tmp_path) as site:
            monkeypatch.setattr(os, "statvfs", hangs)
            try:
                told = [await site.problem() for _ in range(3)]
                refused = await site.refusal()
            finally:
                go_on.set()

        assert all("tmp" in each and "0.05 s" in each for each in told), told
        assert refused.startswith("no answer within 0.05 s")

    async def test_it_is_logged_once_and_so_is_its_end(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        file = tmp_path / "pyxie.sqlite"
        async with opened(tmp_path) as site:
            watching = asyncio.create_task(site.watch.serve())
            file.rename(tmp_path / "away")
            await eventually(lambda: site.watch.problem)
            await asyncio.sleep(0.1)
            (tmp_path / "away").rename(file)
            await eventually(lambda: not site.watch.problem)
            watching.cancel()

        assert [each.message for each in caplog.records if "state: " in each.message] == [
            f"state: {file} was removed: put it back, or {AGAIN}",
            "state: can be written again",
        ]


class TestAGlance:
    async def test_tells_only_what_was_not_said_before(self, tmp_path: Path) -> None:
        file, told = tmp_path / "pyxie.sqlite", list[str]()
        async with opened(tmp_path) as site:
            database = site.database
            assert database.glance("", told.append)
            await _over(database)
            assert told == []

            file.rename(tmp_path / "away")
            assert database.glance("", told.append)
            await eventually(lambda: told)
            said = await site.problem()
            assert told == [said]
            await _over(database)
            assert database.glance(said, told.append)
            await _over(database)
            assert told == [said]

            (tmp_path / "away").rename(file)
            assert database.glance(said, told.append)
            await eventually(lambda: told == [said, ""])

    async def test_says_what_a_look_says(self, tmp_path: Path) -> None:
        told = list[str]()
        async with opened(tmp_path) as site:
            with closing(sqlite3.connect(tmp_path / "pyxie.sqlite", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert site.database.glance("", told.append)
                await eventually(lambda: told)
                assert told == [await site.problem()]
                other.execute("ROLLBACK")

    async def test_that_hangs_is_no_other_one_and_a_look_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = list[str]()
        monkeypatch.setattr(bounds.STORE_LOOK, "most", 0.05)
        async with opened(tmp_path) as site:
            with hung() as disk:
                real = StateFile.fault
                monkeypatch.setattr(StateFile, "fault", lambda file: disk.read() and real(file))
                assert site.database.glance("", told.append)
                assert not site.database.glance("", told.append)
                assert (await site.problem()).endswith("does not answer within 0.05 s")
                assert not site.database.glance("", told.append)
            await eventually(lambda: site.database.glance(site.watch.problem, told.append))
            await eventually(lambda: told == [""])

    async def test_that_no_thread_is_had_for_leaves_it_to_a_look(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none_left(_: object) -> None:
            raise RuntimeError("can't start new thread")

        async with opened(tmp_path) as site:
            prober = site.database._open.prober
            assert prober is not None
            prober._thread = Pool("the state", most=1)
            with monkeypatch.context() as patched:
                patched.setattr(threading.Thread, "start", none_left)
                assert not site.database.glance("", lambda _: None)
                assert (await site.problem()).endswith("no thread for it: can't start new thread")


async def _over(database: Database) -> None:
    """Wait until a glance is, and what it has told is heard."""
    glance = database._glance
    assert glance is not None
    await asyncio.wrap_future(glance)
    await asyncio.sleep(0)
