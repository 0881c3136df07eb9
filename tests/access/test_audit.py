"""The audit log: who changed something waits a moment for it, and never in line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from pyxie import bounds
from pyxie.access.audit import Audit, Entry
from pyxie.metrics import Metrics
from pyxie.store.database import Database
from pyxie.store.pools import StoreError
from tests.store.newest import url
from tests.support import Clock, eventually

T = TypeVar("T")


class HeldDatabase(Database):
    """A database that another program holds, for as long as it is said."""

    held = False
    transactions = 0

    async def write(self, work: Callable[[sa.Connection], T], *, begins: bool = False) -> T:
        self.transactions += 1
        if self.held:
            raise StoreError("database is locked")
        return await super().write(work, begins=begins)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[HeldDatabase]:
    async with HeldDatabase(url(tmp_path)) as opened:
        yield opened


async def note(audit: Audit, path: str) -> None:
    await audit.note("ci", "192.0.2.9", "PUT", path, 200)


async def paths(audit: Audit) -> list[str]:
    return [entry["path"] for entry in await audit.page(None, 100)]


async def said(audit: Audit) -> list[tuple[str, int]]:
    return [(entry["path"], entry["status"]) for entry in await audit.page(None, 500)]


class TestAChange:
    async def test_is_stored_before_it_is_answered(self, database: HeldDatabase) -> None:
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            await note(audit, "/build/web01")

            assert await paths(audit) == ["/build/web01"]

    async def test_of_many_at_once_is_stored_with_the_others(self, database: HeldDatabase) -> None:
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            await asyncio.gather(*(note(audit, f"/build/{number}") for number in range(40)))

            assert len(await paths(audit)) == 40
        assert database.transactions < 20

    async def test_is_kept_in_memory_while_the_state_cannot_be_written(
        self, database: HeldDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.store.queue._RETRY", 0.01)
        metrics = Metrics()
        async with Audit(database, metrics, clock=Clock()) as audit:
            database.held = True
            for number in range(3):
                await note(audit, str(number))
            waits = metrics.registry.get_sample_value("pyxie_unsaved", {"what": "audit"})

            database.held = False
            serving = asyncio.create_task(audit.serve())
            await eventually(lambda: not audit._queue.waiting())
            serving.cancel()

            assert waits == 3.0
            assert await paths(audit) == ["2", "1", "0"]

    async def test_that_is_one_too_many_or_cannot_be_stored_at_the_end_is_logged(
        self,
        database: HeldDatabase,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(bounds.AUDIT_WAITING, "most", 1)
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            database.held = True
            await note(audit, "/kept")
            await note(audit, "/too/many")

        said = [each.message for each in caplog.records if each.message.startswith("audit: PUT")]
        assert said == [
            "audit: PUT /too/many by ci: 200; not stored: database is locked",
            "audit: PUT /kept by ci: 200; not stored: database is locked",
        ]


class TestAChangeOfABuild:
    async def test_is_noted_with_it_and_once(self, database: HeldDatabase) -> None:
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            await note(audit, "/first")
            entry = Entry("ci", "192.0.2.9", "PUT", "/build/web01")
            along = audit.along(entry, 200)
            assert along is not None
            along.is_stored(await database.write(along.store))
            transactions = database.transactions

            await audit.close(entry, 200)

            assert await said(audit) == [("/build/web01", 200), ("/first", 200)]
            assert database.transactions == transactions

    async def test_that_is_answered_otherwise_is_mended(self, database: HeldDatabase) -> None:
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            await note(audit, "/first")
            entry = Entry("ci", "192.0.2.9", "PUT", "/build/web01")
            along = audit.along(entry, 200)
            assert along is not None
            along.is_stored(await database.write(along.store))

            await audit.close(entry, 500)

            assert await said(audit) == [("/build/web01", 500), ("/first", 200)]

    async def test_that_was_not_stored_is_noted_by_itself(self, database: HeldDatabase) -> None:
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            await note(audit, "/first")
            entry = Entry("ci", "192.0.2.9", "PUT", "/build/web01")
            assert audit.along(entry, 200) is not None

            await audit.close(entry, 409)

            assert await said(audit) == [("/build/web01", 409), ("/first", 200)]

    async def test_has_its_turn_after_those_that_wait(self, database: HeldDatabase) -> None:
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            await note(audit, "/first")
            database.held = True
            await note(audit, "/kept")

            assert audit.along(Entry("ci", "192.0.2.9", "PUT", "/build/web01"), 200) is None

            database.held = False

    async def test_is_by_itself_where_it_may_not_be_known_what_is_stored(
        self, database: HeldDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As of a server that goes away in the middle of a commit."""
        monkeypatch.setattr(Database, "is_certain", False)
        async with Audit(database, Metrics(), clock=Clock()) as audit:
            await note(audit, "/first")
            assert audit.along(Entry("ci", "192.0.2.9", "PUT", "/build/web01"), 200) is None

    async def test_has_the_oldest_forgotten_as_any_other(self, database: HeldDatabase) -> None:
        async with Audit(database, Metrics(), keep=lambda: 3, clock=Clock()) as audit:
            await note(audit, "/first")
            for number in range(300):
                entry = Entry("ci", "192.0.2.9", "PUT", str(number))
                along = audit.along(entry, 200)
                if along is not None:
                    along.is_stored(await database.write(along.store))
                await audit.close(entry, 200)

            found = await said(audit)

            assert found[:2] == [("299", 200), ("298", 200)]
            assert len(found) <= 103
