from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyxie.builds.builds import Builds, InvalidTokenError, new_token
from pyxie.builds.elapsed import DONE_AGAIN
from pyxie.builds.index import BuildIndex, states
from pyxie.builds.life import Build, GivenFile, State
from pyxie.events.trace import Trace
from pyxie.metrics import Metrics
from pyxie.registry.machine import Machine
from pyxie.store.database import Database
from pyxie.store.pools import StoreError
from tests.builds.stores import MAC, FillingRecords, machine
from tests.store.newest import url
from tests.support import A_DAY_BACK, YEARS, Clock, SetClock, eventually

HOST = "web01.internal"


@dataclass
class Ward:
    """Builds, and what they are made of."""

    builds: Builds
    records: FillingRecords
    clock: Clock
    computers: SetClock
    trace: Trace
    metrics: Metrics

    async def begin(self, host: str = HOST, *macs: str) -> Build:
        return await self.builds.begin(self.builds.plan(machine(host, *macs)), "192.0.2.9")

    def texts(self) -> list[str]:
        return [event.text for event in self.trace.recent()]


Opener = Callable[[], AbstractAsyncContextManager[Ward]]


@pytest.fixture
def opened(tmp_path: Path) -> Opener:
    """Open the builds of one state folder, again and again; the clock goes on."""
    clock = Clock()
    computers = SetClock(clock)
    tokens = itertools.count(1)

    @asynccontextmanager
    async def open_() -> AsyncIterator[Ward]:
        database, trace, metrics = Database(url(tmp_path)), Trace(clock=computers), Metrics()
        records = FillingRecords(database)
        builds = Builds(
            BuildIndex(),
            records,
            trace,
            metrics,
            clock=computers,
            steady=clock,
            token=lambda: f"token-{next(tokens)}",
        )
        async with database, builds:
            serving = asyncio.create_task(builds.serve())
            try:
                yield Ward(builds, records, clock, computers, trace, metrics)
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving

    return open_


class TestBegin:
    async def test_a_build_is_pending_and_has_a_token(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()

            assert build == Build(
                host=HOST,
                token="token-1",
                state=State.PENDING,
                begun=ward.clock.now,
                changed=ward.clock.now,
                macs=(MAC,),
                definition=machine().model_dump_json(),
                number=1,
            )
            assert ward.builds.index.active(HOST) == build
            assert ward.builds.index.by_mac(MAC) == build
            assert states(ward.builds.index.all()) == {HOST: State.PENDING}
            assert ward.texts() == ["build mode is on"]

    async def test_another_replaces_it_and_its_token_opens_nothing(self, opened: Opener) -> None:
        async with opened() as ward:
            old = await ward.begin()
            new = await ward.begin()

            assert ward.builds.admit(HOST, new.token) == new
            with pytest.raises(InvalidTokenError):
                ward.builds.admit(HOST, old.token)
            with pytest.raises(InvalidTokenError):
                await ward.builds.done(HOST, old.token, None)
            assert ward.builds.index.active(HOST) == new
            assert [(step["build"], step["state"]) for step in await ward.builds.history(HOST)] == [
                (1, "pending"),
                (1, "replaced"),
                (2, "pending"),
            ]

    async def test_nics_that_the_machine_has_no_more_are_forgotten(self, opened: Opener) -> None:
        async with opened() as ward:
            await ward.begin(HOST, MAC, "02:00:00:00:00:01")
            await ward.begin(HOST, MAC)

            assert ward.builds.index.by_mac("02:00:00:00:00:01") is None

    async def test_two_at_once_leave_one_of_them_whole(self, opened: Opener) -> None:
        async with opened() as ward:
            one, two = await asyncio.gather(ward.begin(), ward.begin())

            last = max(one, two, key=lambda build: build.number)
            assert ward.builds.index.active(HOST) == last
            assert await ward.records.latest() == [last]

    async def test_what_cannot_be_stored_does_not_begin(self, opened: Opener) -> None:
        async with opened() as ward:
            old = await ward.begin()
            ward.records.full = True

            with pytest.raises(StoreError, match="database or disk is full"):
                await ward.begin()

            assert ward.builds.index.active(HOST) == old
            assert ward.builds.index.by_mac(MAC) == old


class TestAdmit:
    @pytest.mark.parametrize(
        "token", ["", "token-2", "token-1 ", "tökén", "\udcff", "a\ud800", "\0"]
    )
    async def test_any_other_token_is_invalid(self, opened: Opener, token: str) -> None:
        async with opened() as ward:
            await ward.begin()

            with pytest.raises(InvalidTokenError) as caught:
                ward.builds.admit(HOST, token)

            assert str(caught.value) == "the token opens no build of this machine"

    async def test_the_token_of_one_machine_opens_no_other(self, opened: Opener) -> None:
        async with opened() as ward:
            one = await ward.begin()
            await ward.begin("web02.internal", "02:00:00:00:00:02")

            with pytest.raises(InvalidTokenError):
                await ward.builds.done("web02.internal", one.token, None)

    def test_tokens_have_the_shape_of_waitrons_and_are_all_different(self) -> None:
        made = {new_token() for _ in range(100)}

        assert len(made) == 100
        assert {tuple(map(len, token.split("-"))) for token in made} == {(8, 4, 4, 4, 12)}


class TestInstalling:
    async def test_it_is_known_by_the_nic_that_booted(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin(HOST, MAC, "02:00:00:00:00:01")
            ward.clock.now += 60

            await ward.builds.installing(build, "booting", "192.0.2.8", "02:00:00:00:00:01")

            seen = ward.builds.index.active(HOST)
            assert seen is not None
            assert (seen.state, seen.mac) == (State.INSTALLING, "02:00:00:00:00:01")
            assert seen.changed == build.begun + 60
            assert ward.texts() == ["build mode is on", "installing"]

    async def test_it_is_told_once_however_often_it_is_seen(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()
            for _ in range(3):
                await ward.builds.installing(build, "fetched preseed", "192.0.2.8", None)

            assert [step["state"] for step in await ward.builds.history(HOST)] == [
                "pending",
                "installing",
            ]
            assert ward.texts() == ["build mode is on", "installing"]

    async def test_a_build_that_was_replaced_meanwhile_is_left_alone(self, opened: Opener) -> None:
        async with opened() as ward:
            old = await ward.begin()
            new = await ward.begin()

            await ward.builds.installing(old, "booting", "192.0.2.8", MAC)

            assert ward.builds.index.active(HOST) == new


class TestAssigned:
    """A build of a machine that its `match` alone tells: two may say the same of themselves."""

    FIRST, SECOND = "02:00:00:00:00:01", "02:00:00:00:00:02"

    async def matched(self, ward: Ward) -> Build:
        one = Machine.model_validate(
            {"hostname": HOST, "kernel": "linux", "match": {"serial": "s"}}
        )
        return await ward.builds.begin(ward.builds.plan(one), "192.0.2.9")

    async def test_it_is_the_first_ones_that_comes(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await self.matched(ward)

            came = [
                await ward.builds.assign(build, mac, "192.0.2.8", named=())
                for mac in (self.FIRST, self.SECOND, self.FIRST)
            ]

            assert came == [True, False, True]
            seen = ward.builds.index.active(HOST)
            assert seen is not None
            assert (seen.state, seen.mac) == (State.PENDING, self.FIRST)
            assert [step["cause"] for step in await ward.builds.history(HOST)] == [
                "begun",
                f"assigned to {self.FIRST}",
            ]

    async def test_of_two_at_once_one_has_it(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await self.matched(ward)

            came = await asyncio.gather(
                *(
                    ward.builds.assign(build, mac, "192.0.2.8", named=())
                    for mac in (self.FIRST, self.SECOND)
                )
            )

            assert sorted(came) == [False, True]

    async def test_it_is_so_after_a_restart(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await self.matched(ward)
            await ward.builds.assign(build, self.FIRST, "192.0.2.8", named=())

        async with opened() as ward:
            seen = ward.builds.index.active(HOST)

            assert seen is not None
            assert seen.mac == self.FIRST
            assert not await ward.builds.assign(seen, self.SECOND, "192.0.2.8", named=())

    async def test_it_is_so_where_the_disk_is_full(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await self.matched(ward)
            ward.records.full = True

            assert await ward.builds.assign(build, self.FIRST, "192.0.2.8", named=())
            assert not await ward.builds.assign(build, self.SECOND, "192.0.2.8", named=())

    async def test_a_nic_that_the_file_names_need_not_be_the_first(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await self.matched(ward)
            await ward.builds.assign(build, self.FIRST, "192.0.2.8", named=())

            named = (self.SECOND, "02:00:00:00:00:03")
            came = [
                await ward.builds.assign(build, mac, "192.0.2.8", named=named)
                for mac in (*named, self.FIRST)
            ]

            assert came == [True, True, False]
            seen = ward.builds.index.active(HOST)
            assert seen is not None
            assert seen.mac == self.SECOND

    async def test_its_nic_is_known_by_that_only_once_it_installs(self, opened: Opener) -> None:
        """Who has fetched a script may have said anything of itself, for somebody else's NIC."""
        async with opened() as ward:
            build = await self.matched(ward)
            await ward.builds.assign(build, self.FIRST, "192.0.2.8", named=())
            assert ward.builds.index.by_mac(self.FIRST) is None

            await ward.builds.installing(build, "booting", "192.0.2.8", self.FIRST)

            assert ward.builds.index.by_mac(self.FIRST) is not None

    async def test_the_next_build_is_the_next_ones(self, opened: Opener) -> None:
        async with opened() as ward:
            old = await self.matched(ward)
            await ward.builds.assign(old, self.FIRST, "192.0.2.8", named=())
            new = await self.matched(ward)

            assert not await ward.builds.assign(old, self.FIRST, "192.0.2.8", named=())
            assert await ward.builds.assign(new, self.SECOND, "192.0.2.8", named=())


class TestDone:
    async def test_the_machine_is_installed_and_out_of_build_mode(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()

            await ward.builds.done(HOST, build.token, "192.0.2.8")

            assert ward.builds.index.active(HOST) is None
            assert ward.builds.index.by_mac(MAC) is None
            assert states(ward.builds.index.all()) == {HOST: State.INSTALLED}
            assert ward.texts()[-1] == "installed; pyxie is silent to it from here on"
            with pytest.raises(InvalidTokenError):
                ward.builds.admit(HOST, build.token)

    async def test_said_again_it_is_no_error_for_a_day(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()
            await ward.builds.done(HOST, build.token, None)

            ward.clock.now += DONE_AGAIN - 1
            await ward.builds.done(HOST, build.token, None)
            ward.clock.now += 1
            with pytest.raises(InvalidTokenError):
                await ward.builds.done(HOST, build.token, None)

            assert len(await ward.builds.history(HOST)) == 2

    async def test_said_again_it_does_not_end_the_next_build(self, opened: Opener) -> None:
        async with opened() as ward:
            old = await ward.begin()
            await ward.builds.done(HOST, old.token, None)
            new = await ward.begin()

            await ward.builds.done(HOST, old.token, None)

            assert ward.builds.index.active(HOST) == new

    async def test_said_again_after_a_restart_it_is_no_error(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()
            await ward.builds.done(HOST, build.token, None)
        async with opened() as ward:
            await ward.builds.done(HOST, build.token, None)

            assert states(ward.builds.index.all()) == {HOST: State.INSTALLED}

    async def test_twice_at_once_is_one_transition(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()

            await asyncio.gather(
                ward.begin("web02.internal", "02:00:00:00:00:02"),  # all wait for this one
                *[ward.builds.done(HOST, build.token, None) for _ in range(5)],
            )

            assert [step["state"] for step in await ward.builds.history(HOST)] == [
                "pending",
                "installed",
            ]


class TestCancel:
    async def test_the_machine_leaves_the_status(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()

            await ward.builds.cancel(HOST, build.token, None)

            assert states(ward.builds.index.all()) == {}
            found = ward.builds.index.of(HOST)
            assert found is not None
            assert found.state is State.CANCELLED
            with pytest.raises(InvalidTokenError):
                await ward.builds.cancel(HOST, build.token, None)

    @pytest.mark.parametrize("cancel_first", [True, False])
    async def test_of_done_and_cancel_at_once_one_wins_and_the_other_is_told(
        self, opened: Opener, cancel_first: bool
    ) -> None:
        async with opened() as ward:
            build = await ward.begin()
            calls = [
                ward.builds.done(HOST, build.token, None),
                ward.builds.cancel(HOST, build.token, None),
            ]
            if cancel_first:
                calls.reverse()

            other, first, second = await asyncio.gather(
                ward.begin("web02.internal", "02:00:00:00:00:02"),  # both wait for this one
                *calls,
                return_exceptions=True,
            )

            assert isinstance(other, Build)
            assert first is None
            assert isinstance(second, InvalidTokenError)
            expected = State.CANCELLED if cancel_first else State.INSTALLED
            assert [found.state for found in await ward.records.latest()] == [
                expected,
                State.PENDING,
            ]


class TestFullDisk:
    """A machine that has called ``done`` must not be installed over."""

    async def test_what_ends_a_build_counts_at_once_and_is_stored_later(
        self, opened: Opener, tmp_path: Path
    ) -> None:
        async with opened() as ward:
            build = await ward.begin()
            other = await ward.begin("web02.internal", "02:00:00:00:00:02")
            ward.records.full = True
            await ward.builds.installing(build, "booting", "192.0.2.8", MAC)
            await ward.builds.done(HOST, build.token, None)
            await ward.builds.cancel("web02.internal", other.token, None)

            assert ward.builds.index.active(HOST) is None
            assert ward.builds.unsaved == 3
            assert _states(tmp_path) == {HOST: "pending", "web02.internal": "pending"}

            ward.records.full = False
            await ward.begin("web03.internal", "02:00:00:00:00:03")

            assert ward.builds.unsaved == 0
            assert _states(tmp_path) == {
                HOST: "installed",
                "web02.internal": "cancelled",
                "web03.internal": "pending",
            }

    async def test_it_is_stored_without_anybody_asking(
        self, opened: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.store.queue._RETRY", 0.01)
        async with opened() as ward:
            build = await ward.begin()
            ward.records.full = True
            await ward.builds.done(HOST, build.token, None)

            ward.records.full = False
            await eventually(lambda: ward.builds.unsaved == 0)

            assert [found.state for found in await ward.records.latest()] == [State.INSTALLED]

    async def test_it_is_stored_at_the_latest_when_the_daemon_stops(self, opened: Opener) -> None:
        async with opened() as ward:
            build = await ward.begin()
            ward.records.full = True
            await ward.builds.done(HOST, build.token, None)
            ward.records.full = False
        async with opened() as ward:
            assert states(ward.builds.index.all()) == {HOST: State.INSTALLED}

    async def test_trouble_is_logged_once(
        self, opened: Opener, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with opened() as ward:
            build = await ward.begin()
            ward.records.full = True
            await ward.builds.installing(build, "booting", "192.0.2.8", MAC)
            await ward.builds.done(HOST, build.token, None)

            assert [each.message for each in caplog.records if each.levelname == "ERROR"] == [
                "state: cannot be written (database or disk is full); kept in memory, tried again"
            ]


class TestRestart:
    async def test_every_build_is_as_it_was(self, opened: Opener) -> None:
        async with opened() as ward:
            pending = await ward.begin()
            booted = await ward.begin("web02.internal", "02:00:00:00:00:02")
            await ward.builds.installing(booted, "booting", "192.0.2.8", "02:00:00:00:00:02")
            cancelled = await ward.begin("web03.internal", "02:00:00:00:00:03")
            await ward.builds.cancel("web03.internal", cancelled.token, None)
            before = [ward.builds.index.of(f"web0{n}.internal") for n in (1, 2, 3)]
        async with opened() as ward:
            assert [ward.builds.index.of(f"web0{n}.internal") for n in (1, 2, 3)] == before
            assert ward.builds.index.by_mac(MAC) == pending
            assert ward.builds.admit("web02.internal", booted.token).mac == "02:00:00:00:00:02"
            assert ward.metrics.registry.get_sample_value("pyxie_builds_active") == 2.0


def _states(folder: Path) -> dict[str, str]:
    """Return what another process would find in the file now."""
    connection = sqlite3.connect(folder / "pyxie.sqlite")
    try:
        return dict(connection.execute("SELECT host, state FROM builds ORDER BY id").fetchall())
    finally:
        connection.close()


@pytest.mark.parametrize("set_by", [YEARS, A_DAY_BACK], ids=["years on", "a day back"])
class TestAClockThatIsSet:
    """By NTP, minutes after a computer has started whose battery is dead; or by hand."""

    LIMIT = 3600

    def stale(self, ward: Ward) -> list[str]:
        builds = ward.builds
        return [each.host for each in builds.index.all() if builds.is_overdue(each, self.LIMIT)]

    async def test_makes_no_build_stale_at_once_or_never(
        self, opened: Opener, set_by: float
    ) -> None:
        async with opened() as ward:
            await ward.begin()
            ward.computers.set_by = set_by

            ward.clock.now += self.LIMIT - 1
            assert self.stale(ward) == []
            ward.clock.now += 1
            assert self.stale(ward) == [HOST]

    async def test_while_the_daemon_is_down_has_their_time_begin_anew(
        self, opened: Opener, set_by: float
    ) -> None:
        async with opened() as ward:
            await ward.begin()
            ward.clock.now += self.LIMIT - 1
        async with opened() as ward:
            ward.computers.set_by = set_by
        async with opened() as ward:
            assert self.stale(ward) == []
            ward.clock.now += self.LIMIT
            assert self.stale(ward) == [HOST]

    async def test_ends_no_sooner_and_no_later_what_a_repeated_done_is_answered(
        self, opened: Opener, set_by: float
    ) -> None:
        async with opened() as ward:
            build = await ward.begin()
            await ward.builds.done(HOST, build.token, None)
            ward.computers.set_by = set_by

            ward.clock.now += DONE_AGAIN - 1
            await ward.builds.done(HOST, build.token, None)
            ward.clock.now += 1
            with pytest.raises(InvalidTokenError):
                await ward.builds.done(HOST, build.token, None)

    async def test_while_the_daemon_is_down_answers_it_for_a_day_more(
        self, opened: Opener, set_by: float
    ) -> None:
        async with opened() as ward:
            build = await ward.begin()
            await ward.builds.done(HOST, build.token, None)
            ward.computers.set_by = set_by
        async with opened() as ward:
            ward.clock.now += DONE_AGAIN - 1
            await ward.builds.done(HOST, build.token, None)
            ward.clock.now += 1
            with pytest.raises(InvalidTokenError):
                await ward.builds.done(HOST, build.token, None)


class TestAfterARestart:
    async def test_a_build_is_as_old_as_it_was(self, opened: Opener) -> None:
        async with opened() as ward:
            await ward.begin()
            ward.clock.now += 3000
        async with opened() as ward:
            ward.clock.now += 599
            (build,) = ward.builds.index.all()
            assert not ward.builds.is_overdue(build, 3600)
            ward.clock.now += 1
            assert ward.builds.is_overdue(build, 3600)

    async def test_a_build_in_place_of_another_is_not_as_old_as_that(self, opened: Opener) -> None:
        async with opened() as ward:
            await ward.begin()
            ward.clock.now += 3600
            build = await ward.begin()

            assert not ward.builds.is_overdue(build, 3600)
            assert len(ward.builds._elapsed) == 1


class TestWhatAMachineWasGiven:
    async def test_is_stored_at_the_end_at_the_latest(self, opened: Opener) -> None:
        kernel = GivenFile("kernel", "a" * 64, "")
        async with opened() as ward:
            ward.builds.given(await ward.begin(), kernel)
            assert ward.builds.unsaved == 1

        async with opened() as ward:
            again = ward.builds.index.active(HOST)

        assert again is not None
        assert again.given == (kernel,)
