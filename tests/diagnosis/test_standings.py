"""How a machine in build mode stands is worked out once for all who ask."""

from __future__ import annotations

from pathlib import Path

from pyxie.builds.life import Build
from pyxie.diagnosis import patience
from pyxie.diagnosis.course import Stage
from pyxie.diagnosis.standings import Standings
from tests.diagnosis.test_standstill import Counting
from tests.dialogue.boot import HOST, Pyxie, boot
from tests.dialogue.machine import UEFI_PXE


def active(pyxie: Pyxie) -> Build:
    build = pyxie.parts.index.active(HOST)
    assert build is not None
    return build


async def test_is_asked_once_until_an_event_comes_or_its_time_is_over(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        doctor = Counting(pyxie.parts.diagnostician)
        standings = Standings(doctor, pyxie.parts.trace, clock=pyxie.wires.clock)

        first, again = standings.of(active(pyxie)), standings.of(active(pyxie))
        assert first is again
        assert (first.way.stage, first.is_stuck, doctor.asked) == (Stage.NOTHING, False, 1)

        await client.discovers(UEFI_PXE)
        assert standings.of(active(pyxie)).way.stage is Stage.OFFERED
        pyxie.wires.clock.now += patience.OFFER
        assert standings.of(active(pyxie)).is_stuck
        assert doctor.asked == 3


async def test_those_that_stand_still_are_counted_of_the_builds_that_go_on(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        pyxie.wires.clock.now += patience.OFFER
        standings, before = pyxie.parts.standings, active(pyxie)
        assert standings.of(before).is_stuck

        assert (standings.stuck([before]), standings.stuck([])) == (1, 0)
        await pyxie.builds()
        assert standings.stuck([active(pyxie)]) == 0


async def test_of_another_build_is_another(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        standings = pyxie.parts.standings
        assert standings.of(active(pyxie)).way.stage is Stage.OFFERED

        await pyxie.builds()

        assert standings.of(active(pyxie)).way.stage is Stage.NOTHING


async def test_is_the_same_after_it_was_told_itself(tmp_path: Path) -> None:
    async with boot(tmp_path) as (_, pyxie):
        await pyxie.builds()
        doctor = Counting(pyxie.parts.diagnostician)
        standings = Standings(doctor, pyxie.parts.trace, clock=pyxie.wires.clock)
        standings.said(active(pyxie))
        standings.of(active(pyxie))

        standings.said(active(pyxie))
        standings.of(active(pyxie))

    assert doctor.asked == 1


async def test_of_a_machine_that_is_not_in_build_mode_any_more_is_forgotten(
    tmp_path: Path,
) -> None:
    async with boot(tmp_path) as (_, pyxie):
        await pyxie.builds()
        doctor = Counting(pyxie.parts.diagnostician)
        standings = Standings(doctor, pyxie.parts.trace, clock=pyxie.wires.clock)
        standings.of(active(pyxie))

        standings.keep({HOST})
        standings.of(active(pyxie))
        assert doctor.asked == 1
        standings.keep(())
        standings.of(active(pyxie))

    assert doctor.asked == 2
