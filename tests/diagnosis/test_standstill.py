"""That a machine in build mode stands still is told in the stream of events: once, not per look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pyxie.builds.life import Build
from pyxie.diagnosis import patience, standstill
from pyxie.diagnosis.course import course
from pyxie.diagnosis.diagnostician import Diagnostician, Told
from pyxie.diagnosis.standings import Stand, Standings
from pyxie.diagnosis.standstill import AGAIN, Standstill
from pyxie.events.kinds import Diagnosed
from pyxie.events.trace import Trace
from tests.dialogue.boot import HOST, Pyxie, boot
from tests.dialogue.machine import UEFI_PXE, Machine
from tests.support import eventually


class Counting:
    """A diagnostician that tells how often it was asked."""

    def __init__(self, of: Diagnostician) -> None:
        self._of = of
        self.asked = 0

    def of_host(self, name: str) -> Told | None:
        self.asked += 1
        return self._of.of_host(name)


class Behind:
    """Events that are still to be made, as often as it is asked whether they are.

    Attributes:
        told: How often the doctor had been asked, each of these times.
    """

    def __init__(self, of: Trace, doctor: Counting, times: int) -> None:
        self.recent, self.record = of.recent, of.record
        self._doctor = doctor
        self._times = times
        self.told: list[int] = []

    @property
    def is_behind(self) -> bool:
        self.told.append(self._doctor.asked)
        return len(self.told) <= self._times


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Machine, Pyxie, Standstill, Counting]]:
    async with boot(folder) as (client, pyxie):
        parts = pyxie.parts
        doctor = Counting(parts.diagnostician)
        clock = pyxie.wires.clock
        standings = Standings(doctor, parts.trace, clock=clock)
        watch = Standstill(*(parts.index, standings, parts.trace, parts.paces.refresh), clock=clock)
        yield client, pyxie, watch, doctor


def told(pyxie: Pyxie) -> list[str]:
    events = pyxie.parts.trace.recent(host=HOST)
    return [each.what.diagnosis for each in events if isinstance(each.what, Diagnosed)]


async def test_is_told_once_with_what_to_try_first(tmp_path: Path) -> None:
    async with watched(tmp_path) as (_, pyxie, watch, _):
        await pyxie.builds()
        await watch.look()
        assert told(pyxie) == []

        pyxie.wires.clock.now += patience.POWER_ON_VM
        for _ in range(20):
            await watch.look()
            pyxie.wires.clock.now += 60

        last = pyxie.parts.trace.recent(host=HOST)[-1]

    assert last.text.startswith("stands still: Nothing of 52:54:00:12:34:56 has reached pyxie in ")
    assert "Try next: does it use UEFI (OVMF)?" in last.text
    assert told(pyxie) == ["never-seen"]


async def test_is_told_again_where_it_is_another_and_not_where_it_is_the_same(
    tmp_path: Path,
) -> None:
    async with watched(tmp_path) as (client, pyxie, watch, _):
        await pyxie.builds()
        pyxie.wires.clock.now += patience.POWER_ON_VM
        await watch.look()
        for _ in range(3):
            await client.discovers(UEFI_PXE)
            await client.asks_port_4011(UEFI_PXE)
            await watch.look()
            pyxie.wires.clock.now += patience.CONFIRMED
            await watch.look()

    assert told(pyxie) == ["never-seen", "tftp-unreached", "loop"]


async def test_is_told_again_an_hour_later_and_of_the_next_build(tmp_path: Path) -> None:
    async with watched(tmp_path) as (_, pyxie, watch, _):
        await pyxie.builds()
        pyxie.wires.clock.now += patience.POWER_ON_VM
        await watch.look()
        pyxie.wires.clock.now += AGAIN + 1
        await watch.look()
        assert told(pyxie) == ["never-seen"] * 2

        await pyxie.builds()
        await watch.look()
        pyxie.wires.clock.now += patience.POWER_ON_VM
        await watch.look()

    assert told(pyxie) == ["never-seen"] * 3


async def test_who_does_nothing_is_not_looked_at_each_time(tmp_path: Path) -> None:
    async with watched(tmp_path) as (client, pyxie, watch, doctor):
        await pyxie.builds()
        for _ in range(10):
            await watch.look()
        assert doctor.asked == 1

        await client.discovers(UEFI_PXE)
        await watch.look()
        await watch.look()
        assert doctor.asked == 2

        pyxie.wires.clock.now += patience.OFFER
        await watch.look()
        assert doctor.asked == 3


async def test_who_is_not_in_build_mode_is_not_looked_at(tmp_path: Path) -> None:
    async with watched(tmp_path) as (client, pyxie, watch, doctor):
        await client.discovers(UEFI_PXE)
        await watch.look()

    assert (doctor.asked, told(pyxie)) == (0, [])


async def test_one_that_ended_meanwhile_is_passed_over(tmp_path: Path) -> None:
    class Gone(Counting):
        def of_host(self, name: str) -> Told | None:
            return None

    async with boot(tmp_path) as (_, pyxie):
        parts = pyxie.parts
        await pyxie.builds()
        standings = Standings(Gone(parts.diagnostician), parts.trace)

        await Standstill(parts.index, standings, parts.trace, parts.paces.refresh).look()

    assert told(pyxie) == []


class Noted(Standings):
    """Standings of builds that need no diagnosis; each is another only once it was looked at."""

    def __init__(self) -> None:
        self.found: dict[str, Stand] = {}

    def of(self, build: Build) -> Stand:
        return self.found.setdefault(build.host, Stand(1, 1, 0.0, None, course((), 0.0)))

    def keep(self, hosts: Container[str]) -> None:
        """Forget nothing."""


async def test_gives_way_after_each_few_that_have_news(tmp_path: Path) -> None:
    async with boot(tmp_path) as (_, pyxie):
        parts, few = pyxie.parts, standstill._FEW
        await pyxie.builds()
        (build,) = parts.index.active_now()
        for at in range(2 * few):
            parts.index.put(replace(build, host=f"web{at:02}.example", macs=()))
        standings, looked_at = Noted(), list[int]()

        async def gives_way() -> None:
            looked_at.append(len(standings.found))

        watch = Standstill(
            *(parts.index, standings, parts.trace, parts.paces.refresh), gives_way=gives_way
        )
        await watch.look()
        assert looked_at == [few, 2 * few]

        await watch.look()
        assert looked_at == [few, 2 * few]


async def looks_behind(folder: Path, times: int) -> tuple[list[int], int]:
    """Look while a hall's events are made; return `Behind.told`, and how often was asked in all."""
    async with boot(folder) as (_, pyxie):
        parts = pyxie.parts
        await pyxie.builds()
        doctor = Counting(parts.diagnostician)
        events, standings = Behind(parts.trace, doctor, times), Standings(doctor, parts.trace)

        await Standstill(parts.index, standings, events, parts.paces.refresh).look()

    return events.told, doctor.asked


async def test_waits_until_the_events_of_a_hall_are_made(tmp_path: Path) -> None:
    told, asked = await looks_behind(tmp_path, 3)

    assert told == [0, 0, 0, 0]
    assert asked > 0


async def test_waits_so_long_for_a_hall_that_does_not_come_to_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "_WAITS", 3)

    told, asked = await looks_behind(tmp_path, 1000)

    assert told == [0, 0, 0]
    assert asked > 0


async def test_it_looks_again_and_again_and_learns_how_long_builds_take(tmp_path: Path) -> None:
    learnt = 0

    async def learn() -> None:
        nonlocal learnt
        learnt += 1

    async with boot(tmp_path) as (_, pyxie):
        parts = pyxie.parts
        doctor = Counting(parts.diagnostician)
        await pyxie.builds()
        standings = Standings(doctor, parts.trace)
        watch = Standstill(parts.index, standings, parts.trace, learn, every=0.001)
        running = asyncio.create_task(watch.serve())
        await eventually(lambda: doctor.asked)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert learnt == 1
