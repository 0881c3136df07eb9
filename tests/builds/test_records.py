from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from pyxie.access.audit import NOTED
from pyxie.builds.changes import Change
from pyxie.builds.life import State
from pyxie.builds.records import BuildRecords, Withdrawal
from pyxie.config.build import Hook
from pyxie.store.along import Along
from pyxie.store.astext import Prepared
from pyxie.store.database import Database
from pyxie.store.tables import AUDIT
from tests.builds.stores import begin, build, opened
from tests.store.newest import url

T = TypeVar("T")


class TestWhatIsStored:
    async def test_comes_back_as_it_was(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)) as store:
            begun = await begin(store, build(), "PUT /build", "192.0.2.9")
        async with opened(url(tmp_path)) as store:
            assert await store.latest() == [begun]

    async def test_history_has_every_step_and_no_token(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)) as store:
            begun = await begin(store, build(), "PUT /build", "192.0.2.9")
            await store.save([Change(begun.to(State.INSTALLED, 160.0), "done", "192.0.2.8")])
            await begin(store, build("web02.internal"), "PUT /build", None)

            assert await store.history("web01.internal") == [
                {
                    "build": 1,
                    "at": 100.0,
                    "state": "pending",
                    "cause": "PUT /build",
                    "peer": "192.0.2.9",
                },
                {
                    "build": 1,
                    "at": 160.0,
                    "state": "installed",
                    "cause": "done",
                    "peer": "192.0.2.8",
                },
            ]

    async def test_of_a_machine_only_the_newest_counts(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)) as store:
            await begin(store, build(token="old"), "PUT /build", None)
            new = await begin(store, build(token="new"), "PUT /build", None)

            assert await store.latest() == [new]

    async def test_builds_done_long_ago_are_not_asked_for(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)) as store:
            one = await begin(store, build("web01"), "PUT /build", None)
            two = await begin(store, build("web02"), "PUT /build", None)
            await store.save([Change(one.to(State.INSTALLED, 200.0), "done", None)])
            await store.save([Change(two.to(State.INSTALLED, 300.0), "done", None)])

            assert [each.host for each in await store.ended_since(250.0)] == ["web02"]

    async def test_the_newest_of_all_machines_are_in_their_order(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)) as store:
            for number in range(3):
                await begin(store, build(f"web{number}.internal", str(number)), "PUT /build", None)

            assert [each.token for each in await store.newest(2)] == ["1", "2"]

    async def test_a_build_is_found_by_its_token(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)) as store:
            begun = await begin(store, build(token="one"), "PUT /build", None)
            await begin(store, build(token="two"), "PUT /build", None)

            found = await store.with_token("one")
            assert found is not None
            assert (found.number, found.state) == (begun.number, State.REPLACED)
            assert await store.with_token("three") is None


class CountingDatabase(Database):
    """A database that counts the statements of its transactions, and these."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.statements = 0

    async def write(self, work: Callable[[sa.Connection], T], *, begins: bool = False) -> T:
        def counted(connection: sa.Connection) -> T:
            sa.event.listen(connection, "before_cursor_execute", self._count)
            # Those of one build alone, which SQLAlchemy does not hear of.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Prepared, "__call__", self._counted(Prepared.__call__))
                try:
                    return work(connection)
                finally:
                    sa.event.remove(connection, "before_cursor_execute", self._count)

        return await super().write(counted, begins=begins)

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any) -> Any:
            self.statements += 1
            return call(*given)

        return counted

    def _count(self, *_: Any) -> None:
        self.statements += 1


class TestManyAtOnce:
    async def test_take_as_many_statements_as_one(self, tmp_path: Path) -> None:
        """Of which each takes a thread's turn, and all of them one write."""
        async with CountingDatabase(url(tmp_path)) as database:
            store = BuildRecords(database, keep=lambda: 1)
            hosts = [f"web{number:02}.internal" for number in range(40)]
            wanted = [(build(host, f"{host} 1"), "PUT /build", None) for host in hosts]
            await store.begin(wanted[:1])
            one, database.statements = database.statements, 0

            begun = await store.begin(wanted[1:])

            assert database.statements == one == 4
            assert [each.host for each in begun] == hosts[1:]
            assert [await store.build(each.number) for each in begun] == begun

    async def test_are_changed_by_as_many_statements_as_one(self, tmp_path: Path) -> None:
        """A look at their states, what is new, and their history; and the hooks of those."""
        async with CountingDatabase(url(tmp_path)) as database:
            store = BuildRecords(database)
            hosts = [f"web{number:02}.internal" for number in range(40)]
            begun = await store.begin([(build(host, host), "PUT /build", None) for host in hosts])
            changes = [Change(each.to(State.INSTALLING, 160.0), "booting", None) for each in begun]
            database.statements = 0
            await store.save(changes[:1])
            one, database.statements = database.statements, 0

            await store.save(changes[1:])

            assert database.statements == one == 3
            assert {each.state for each in await store.newest(40)} == {State.INSTALLING}
            assert [len(await store.history(host)) for host in hosts] == [2] * 40

    async def test_replace_those_that_are_active_each_by_its_own_call(self, tmp_path: Path) -> None:
        async with opened(url(tmp_path)) as store:
            hosts = ["web01.internal", "web02.internal"]
            await store.begin([(build(host, f"{host} 1"), "first", None) for host in hosts])
            await store.begin([(build(host, f"{host} 2"), f"of {host}", None) for host in hosts])

            told = [
                [
                    (each["build"], each["state"], each["cause"])
                    for each in await store.history(host)
                ]
                for host in hosts
            ]

        assert told == [
            [(at, "pending", "first"), (at, "replaced", how), (at + 2, "pending", how)]
            for at, how in ((1, f"of {hosts[0]}"), (2, f"of {hosts[1]}"))
        ]


class TestAlong:
    async def test_is_stored_with_builds_and_goes_with_one_that_is_taken_back(
        self, tmp_path: Path
    ) -> None:
        async with Database(url(tmp_path)) as database:
            store = BuildRecords(database)
            said = {"at": 1.0, "who": "ci", "peer": "", "method": "PUT", "path": "/", "status": 200}
            along = Along(AUDIT, NOTED, said)

            await store.begin([(build("web01.internal", "one"), "PUT /build", None)], [along])
            stored = await database.rows(sa.select(AUDIT))
            await store.save([Withdrawal("one", None, along)])
            left = await database.rows(sa.select(AUDIT))

        assert [dict(row) for row in stored] == [{"id": along.number, **said}]
        assert list(left) == []


class TestOneAlone:
    async def test_is_stored_as_one_of_several_is(self, tmp_path: Path) -> None:
        """By statements of its own; the same are replaced, and forgotten."""
        hosts = [f"web{number:02}.internal" for number in range(3)]
        hook = Hook(command="true")
        told = []
        for name, together in (("alone", 1), ("several", 3)):
            async with Database(f"{url(tmp_path)}.{name}") as database:
                store = BuildRecords(database, keep=lambda: 2)
                for at in range(6):
                    begun = []
                    for first in range(0, 3, together):
                        some = hosts[first : first + together]
                        wanted = [
                            (build(each, f"{each} {at}"), f"call {at}", None) for each in some
                        ]
                        begun += await store.begin(wanted)
                    if at in (1, 3):  # its hook is never run
                        ended = begun[1].to(State.INSTALLED, 170.0)
                        await store.save([Change(ended, "done", None, (hook,))])
                told.append((await store.newest(99), [await store.history(host) for host in hosts]))

        assert told[0] == told[1]
        assert [each.token for each in told[0][0]].count("web01.internal 1") == 1
        assert len(told[0][0]) == 2 + 4 + 2
