"""Events on disk: what is kept, how much, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from pyxie import bounds
from pyxie.bounds import EVENTS_WAITING
from pyxie.events.archive import Archive
from pyxie.events.event import Event
from pyxie.events.kind import Step
from pyxie.events.kinds import Booting, ImageFailed, ImageProgress, MenuShown
from pyxie.events.trace import Trace
from pyxie.metrics import Metrics
from pyxie.store.database import Database
from pyxie.store.tables import EVENTS
from tests.events.said import said
from tests.store import newest
from tests.store.revisions import lay
from tests.support import eventually

MAC = "52:54:00:00:00:01"
OTHER = "52:54:00:00:00:02"
KERNEL = ImageFailed(part="kernel", source="http://m.example/linux", why="does not answer")
NEVER = 3600.0


@asynccontextmanager
async def archive(
    store: Database, keep: int = 100, every: float = 0.01
) -> AsyncIterator[tuple[Trace, Archive]]:
    trace = Trace()
    kept = Archive(store, trace, Metrics(), keep=lambda: keep, every=every)
    task = asyncio.create_task(kept.serve())
    await asyncio.sleep(0)
    try:
        yield trace, kept
    finally:
        task.cancel()
        await asyncio.wait([task])


T = TypeVar("T")


class HeldDatabase(Database):
    """A database whose writes wait while they are held, and fail while the disk is full."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.full = False

    async def write(self, work: Callable[[sa.Connection], T], *, begins: bool = False) -> T:
        if not self.go_on.is_set():
            self.held.set()
            await self.go_on.wait()
        return await super().write(self._filling if self.full else work, begins=begins)

    @staticmethod
    def _filling(_connection: sa.Connection) -> Any:
        raise OSError("disk full")


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[HeldDatabase]:
    async with HeldDatabase(newest.url(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(newest.url(tmp_path)) as opened:
        yield opened


async def execute(store: Database, statement: sa.Executable) -> None:
    await store.write(lambda connection: connection.execute(statement).close())


async def page(store: Database, **named: Any) -> list[dict[str, Any]]:
    return await Archive(store, Trace(), Metrics(), keep=lambda: 0).page(**named)


async def texts(store: Database, **named: Any) -> list[str]:
    return [each["text"] for each in await page(store, **named)]


class TestArchive:
    async def test_what_happened_is_there_when_it_stops(self, store: Database) -> None:
        async with archive(store) as (trace, _):
            trace.record(said(Step.BUILD, "begun"), host="web01", mac=MAC, peer="192.0.2.1")
        (one,) = await page(store)

        assert one.pop("at") > 0
        assert one == {
            "id": 1,
            "step": "build",
            "code": "test.said",
            "text": "begun",
            "data": {"text": "begun"},
            "mac": MAC,
            "host": "web01",
            "peer": "192.0.2.1",
        }

    async def test_it_survives_a_restart(self, tmp_path: Path) -> None:
        url = newest.url(tmp_path)
        for text in ("one", "two"):
            async with Database(url) as opened, archive(opened) as (trace, _):
                trace.record(said(Step.BUILD, text), host="web01")
        async with Database(url) as opened:
            assert await texts(opened) == ["two", "one"]

    async def test_gives_the_trace_what_was_before_a_restart(self, tmp_path: Path) -> None:
        url = newest.url(tmp_path)
        async with Database(url) as opened, archive(opened) as (trace, _):
            trace.record(MenuShown(), mac=OTHER)
            trace.record(Booting(), host="web01", mac=MAC, peer="192.0.2.1")
            trace.record(KERNEL, host="web01", mac=MAC)
            trace.record(said(Step.BUILD, "of a kind that is gone"), host="web01")
            before = trace.recent()[:3]

        told: list[Event] = []
        async with Database(url) as opened:
            again = Trace()
            async with Archive(opened, again, Metrics(), keep=lambda: 100, restored=told.append):
                pass

        assert again.recent() == before == told
        assert again.recent(host="web01") == before[1:]
        assert again.troubles.of("web01", 0.0) == before[2]

    async def test_does_not_keep_twice_what_it_gave_back(self, tmp_path: Path) -> None:
        url = newest.url(tmp_path)
        async with Database(url) as opened, archive(opened) as (trace, _):
            trace.record(Booting(), host="web01")
        async with Database(url) as opened:
            trace = Trace()
            kept = Archive(opened, trace, Metrics(), keep=lambda: 100, every=0.01)
            async with kept:
                task = asyncio.create_task(kept.serve())
                await asyncio.sleep(0)
                trace.record(Booting(), host="web02")
                task.cancel()
                await asyncio.wait([task])
            assert await texts(opened) == ["leaves iPXE for its kernel"] * 2

    @pytest.mark.parametrize("data", ["[]", "{", '{"part": 1, "total": "x"}'])
    async def test_leaves_out_what_cannot_be_said_any_more(self, tmp_path: Path, data: str) -> None:
        url = newest.url(tmp_path)
        async with Database(url) as opened:
            row = {"at": 1.0, "step": "image", "text": "x", "code": "image.fetching", "data": data}
            await execute(opened, sa.insert(EVENTS).values(row))
            trace = Trace()
            async with Archive(opened, trace, Metrics(), keep=lambda: 100):
                pass

        assert trace.recent() == []

    async def test_starts_although_what_was_before_cannot_be_read(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with Database(newest.url(tmp_path)) as opened:
            await execute(opened, sa.text("DROP TABLE events"))
            trace = Trace()
            async with Archive(opened, trace, Metrics(), keep=lambda: 100):
                pass

        assert trace.recent() == []
        assert "what happened before cannot be read" in caplog.text

    async def test_what_was_kept_as_words_alone_keeps_its_words(self, tmp_path: Path) -> None:
        url = newest.url(tmp_path)
        lay(tmp_path, "0004")
        with contextlib.closing(sqlite3.connect(tmp_path / "pyxie.sqlite")) as before, before:
            before.execute("INSERT INTO events (at, step, text) VALUES (1.0, 'build', 'begun')")

        async with Database(url) as opened:
            (one,) = await page(opened)

        assert (one["text"], one["code"], one["data"]) == ("begun", None, {})

    async def test_a_flood_of_strangers_fills_no_disk_and_pushes_nothing_out(
        self, store: Database
    ) -> None:
        async with archive(store, keep=100) as (trace, kept):
            trace.record(said(Step.BUILD, "begun"), host="web01")
            for at in range(3000):
                mac = f"52:54:00:00:{at >> 8:02x}:{at & 255:02x}"
                trace.record(said(Step.SILENCE, "not in the registry"), mac=mac)
                trace.record(said(Step.OFFER, "offered"), mac=mac)
                if at % 400 == 0:
                    await kept.flush()
        (counted,) = await store.rows(sa.select(sa.func.count().label("all")).select_from(EVENTS))

        assert await texts(store, host="web01") == ["begun"]
        assert await texts(store, step=Step.SILENCE) == []
        assert 10 <= counted["all"] <= 600

    async def test_progress_is_not_kept(self, store: Database) -> None:
        async with archive(store) as (trace, _):
            trace.record(ImageProgress(part="kernel", sent=7, total=None), host="web01")
        assert await texts(store) == []

    async def test_only_the_newest_are_kept(self, store: Database) -> None:
        async with archive(store, keep=50) as (trace, kept):
            for at in range(1200):
                trace.record(said(Step.BUILD, str(at)), host="web01")
                if at % 100 == 0:
                    await kept.flush()
        found = await texts(store, limit=1000)

        assert found[0] == "1199"
        assert len(found) <= 600

    async def test_none_are_kept_if_none_are_wanted(self, store: Database) -> None:
        async with archive(store, keep=0) as (trace, kept):
            trace.record(said(Step.BUILD, "begun"), host="web01")
            await kept.flush()
        assert await texts(store) == []

    async def test_a_disk_that_is_full_is_told_of_once(
        self, store: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        await execute(store, sa.text("DROP TABLE events"))
        async with archive(store) as (trace, kept):
            for text in ("one", "two"):
                trace.record(said(Step.BUILD, text), host="web01")
                await kept.flush()
        told = [each.message for each in caplog.records if "not kept" in each.message]

        assert len(told) == 1

    async def test_a_page_is_of_what_is_asked_for(self, store: Database) -> None:
        async with archive(store) as (trace, _):
            for at in range(5):
                trace.record(said(Step.BUILD, str(at)), host="web01", mac=MAC)
            trace.record(said(Step.SCRIPT, "other"), host="web02")
        at = (await page(store, host="web02"))[0]["at"]

        assert await texts(store, host="web01", limit=2) == ["4", "3"]
        assert await texts(store, host="web01", before=4) == ["2", "1", "0"]
        assert await texts(store, mac=MAC, limit=1) == ["4"]
        assert await texts(store, step=Step.SCRIPT) == ["other"]
        assert await texts(store, since=at) == ["other"]
        assert await texts(store, until=at - 3600) == []


class TestAtRest:
    async def test_nothing_is_done_until_something_happens(
        self, store: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flushes, flush = 0, Archive.flush

        async def counted(kept: Archive) -> None:
            nonlocal flushes
            flushes += 1
            await flush(kept)

        monkeypatch.setattr(Archive, "flush", counted)
        async with archive(store, every=0) as (trace, _):
            for _turn in range(100):
                await asyncio.sleep(0)
            at_rest = flushes
            trace.record(said(Step.BUILD, "one"), host="web01")

            await eventually(lambda: flushes > 0)

        assert at_rest == 0
        assert await texts(store) == ["one"]

    async def test_what_could_not_be_stored_is_tried_again(self, held: HeldDatabase) -> None:
        """Though nothing else happens."""
        async with archive(held, every=0) as (trace, kept):
            held.full = True
            trace.record(said(Step.BUILD, "one"), host="web01")
            await eventually(lambda: kept._failing)
            held.full = False

            await eventually(lambda: not kept._failing)

            assert await texts(held) == ["one"]


class TestNothingIsLost:
    @pytest.mark.parametrize("times", [1, 2], ids=["stopped", "stopped-twice"])
    async def test_when_it_stops_in_the_middle_of_a_write(
        self, held: HeldDatabase, times: int
    ) -> None:
        trace = Trace()
        task = asyncio.create_task(
            Archive(held, trace, Metrics(), keep=lambda: 100, every=0).serve()
        )
        await asyncio.sleep(0)
        held.go_on.clear()
        trace.record(said(Step.BUILD, "one"), host="web01")
        await held.held.wait()
        trace.record(said(Step.BUILD, "two"), host="web01")

        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        held.go_on.set()
        await asyncio.wait([task])

        assert task.cancelled()
        assert await texts(held) == ["two", "one"]

    async def test_when_who_reads_goes_away_in_the_middle_of_a_write(
        self, held: HeldDatabase
    ) -> None:
        async with archive(held, every=NEVER) as (trace, kept):
            held.go_on.clear()
            trace.record(said(Step.BUILD, "one"), host="web01")
            reader = asyncio.create_task(kept.page())
            await held.held.wait()
            reader.cancel()
            await asyncio.wait([reader])
            held.go_on.set()
            await kept.flush()

            assert await texts(held) == ["one"]

    async def test_nor_does_who_looks_wait_for_a_disk_that_does_not_answer(
        self, held: HeldDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.STORE_PATIENCE, "most", 0.05)
        async with archive(held, every=NEVER) as (trace, kept):
            trace.record(said(Step.BUILD, "one"), host="web01")
            await kept.flush()
            held.go_on.clear()
            trace.record(said(Step.BUILD, "two"), host="web01")

            async with asyncio.timeout(60):
                pages = await asyncio.gather(*(kept.page(host="web01") for _ in range(5)))
            held.go_on.set()

        assert [[each["text"] for each in found] for found in pages] == [["one"]] * 5
        assert await texts(held) == ["two", "one"]

    async def test_while_the_disk_is_full(self, held: HeldDatabase) -> None:
        async with archive(held, every=NEVER) as (trace, kept):
            held.full = True
            for text in ("one", "two"):
                trace.record(said(Step.BUILD, text), host="web01")
                await kept.flush()
            assert await texts(held) == []
            held.full = False
            trace.record(said(Step.BUILD, "three"), host="web01")
            for _ in range(2):
                await kept.flush()

        assert await texts(held) == ["three", "two", "one"]

    async def test_but_the_oldest_while_the_disk_is_full_for_long(self, held: HeldDatabase) -> None:
        most = EVENTS_WAITING.whole
        async with archive(held, keep=2 * most, every=NEVER) as (trace, kept):
            held.full = True
            for at in range(most + 5):
                trace.record(said(Step.BUILD, str(at)), host="web01")
                if at % 100 == 0:
                    await kept.flush()
            held.full = False
            await kept.flush()

        found = await texts(held, limit=2 * most)
        assert found == [str(at) for at in reversed(range(5, most + 5))]
