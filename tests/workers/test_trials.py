"""What is being tried ahead of who asks is not tried a second time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pyxie.config.nodes import Document
from pyxie.config.settings import Settings
from pyxie.errors import RenderError
from pyxie.registry.asbuilt import Kept
from pyxie.registry.define import Common, Definition
from pyxie.registry.merge import merge
from pyxie.render.preview import unbegun
from pyxie.workers import trials
from pyxie.workers.jobs import Job
from pyxie.workers.lane import Lane
from pyxie.workers.made import Made
from pyxie.workers.renders import Renders
from pyxie.workers.verdicts import Tried
from tests.inthread import InThread
from tests.render.site import machine, settings

URL = "http://192.0.2.1"


class Held(InThread):
    """A runner whose jobs of the lane at rest go on once they may."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: list[Lane] = []
        self.goes_on = asyncio.Event()
        self.fails: Exception | None = None

    async def run(self, job: Job, settings: Settings, lane: Lane) -> Made:
        self.lanes.append(lane)
        if lane is Lane.REST:
            await self.goes_on.wait()
            if self.fails is not None:
                raise self.fails
        return await super().run(job, settings, lane)


class Site:
    def __init__(self, folder: Path) -> None:
        self.settings = settings(folder)
        (self.settings.templatepath / "p.j2").write_text("plain")
        self.runner = Held()
        self.trials = Renders(lambda: self.settings, self.runner).trials
        self.machine = machine(preseed="p.j2")
        self.kept = Kept(
            Common(),
            Document(Path("web01.yaml"), {}, None),
            Definition(self.machine, "", lambda: merge([])),
            frozenset(),
        )

    async def both(self) -> tuple[asyncio.Task[None], asyncio.Task[Tried]]:
        """Have a machine tried ahead, and then by somebody who asks."""
        ahead = asyncio.create_task(self.trials.rehearse_ahead(self.kept, URL))
        await asyncio.sleep(0)
        asks = asyncio.create_task(self.trials.rehearse(self.machine, unbegun(URL)))
        await asyncio.sleep(0)
        return ahead, asks


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_who_asks_meanwhile_takes_what_comes_of_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_MOMENT", 10.0)
    ahead, asks = await site.both()

    site.runner.goes_on.set()
    await ahead

    assert (await asks).faults == ()
    assert site.runner.lanes == [Lane.REST]


async def test_but_waits_a_moment_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_MOMENT", 0.001)
    ahead, asks = await site.both()

    assert (await asks).faults == ()

    assert site.runner.lanes == [Lane.REST, Lane.MANAGEMENT]
    site.runner.goes_on.set()
    await ahead


async def test_and_tries_it_where_nothing_came_of_it(site: Site) -> None:
    site.runner.fails = RenderError("p.j2", 0, "had too little of the processor")
    ahead, asks = await site.both()

    site.runner.goes_on.set()
    await ahead

    assert (await asks).faults == ()
    assert site.runner.lanes == [Lane.REST, Lane.MANAGEMENT]


async def test_or_by_other_settings(site: Site, tmp_path: Path) -> None:
    ahead = asyncio.create_task(site.trials.rehearse_ahead(site.kept, URL))
    await asyncio.sleep(0)
    site.settings = settings(tmp_path)

    await site.trials.rehearse(site.machine, unbegun(URL))

    assert site.runner.lanes == [Lane.REST, Lane.MANAGEMENT]
    site.runner.goes_on.set()
    await ahead
