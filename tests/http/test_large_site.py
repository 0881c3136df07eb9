"""A site of thousands of machines, all in build mode: no answer about all holds the event loop.

What does is found by the watchdog, see `tests.watchdog`; so each test only asks. They are
fewer than some sites have, and so a callback may take less of the time.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pyxie.bounds import DISCOVERED
from pyxie.builds.life import Build, State
from pyxie.builds.stale import StaleWatch
from pyxie.config.nodes import Document
from pyxie.errors import Problem
from pyxie.events.event import Event
from pyxie.events.kinds import ImageFailed
from pyxie.http.page.machineswanted import Order
from pyxie.http.page.screens import SCREENS
from pyxie.recognition.discovered import FIELDS
from pyxie.registry.machine import Machine
from pyxie.registry.nic import Nic
from pyxie.registry.registry import Registry
from pyxie.wiping.forecast import Forecast, Wiping
from tests import watchdog
from tests.conftest import WATCHDOG
from tests.http.site import CONFIG, Served, serving

MANY = 5000
MOST = 0.02
"""Seconds that a callback may work."""
SHOWN = 1000
FAILED = ImageFailed(part="kernel", source="s", why="w")
FORECAST = Forecast((Wiping("preseed.j2", ("/dev/sda",)),))
HOSTS = [f"web{at:05}.internal" for at in range(MANY)]


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    WATCHDOG.most = MOST
    yield
    WATCHDOG.most = watchdog.MOST


def mac(at: int) -> str:
    return f"52:54:00:00:{at >> 8:02x}:{at & 255:02x}"


MACHINES = {
    host: Machine(hostname=host, network=(Nic(macaddress=mac(at)),))
    for at, host in enumerate(HOSTS)
}
REGISTRY = Registry(
    machines=MACHINES,
    by_mac={each.macs[0]: each for each in MACHINES.values()},
    documents={host: Document(Path(host), {"hostname": host}, None) for host in HOSTS},
    files=tuple(f"{host}.yaml" for host in HOSTS),
    problems=tuple(Problem(Path(host), 1, 1, "", "this group is not there") for host in HOSTS),
)


def build(at: int) -> Build:
    return Build(
        host=HOSTS[at],
        token=f"token-{at}",
        state=State.PENDING,
        begun=0.0,
        changed=0.0,
        macs=(mac(at),),
        definition=MACHINES[HOSTS[at]].model_dump_json(),
        forecast=FORECAST,
        number=at + 1,
    )


@asynccontextmanager
async def serving_many(folder: Path, *, config: str = CONFIG) -> AsyncIterator[Served]:
    """Serve thousands of machines that are in build mode, and in trouble."""
    async with serving(folder, config=config) as served:
        await served.parts.machines.refresh()
        served.parts.machines._registry = REGISTRY
        for at in range(MANY):
            served.parts.index.put(build(at))
            served.parts.builds._elapsed.began(f"token-{at}", served.clock.now)
            served.parts.trace.troubles.note(Event(at=1.0, host=HOSTS[at], what=FAILED))
        yield served


async def got(served: Served, path: str) -> Any:
    answer = await served.get(path)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)


class TestThousandsOfMachines:
    async def test_are_told_of_in_waitrons_words(self, tmp_path: Path) -> None:
        async with serving_many(tmp_path) as served:
            found = await got(served, "/status")

            assert (list(found), set(found.values())) == (HOSTS, {"Installing"})
            assert (await served.get(f"/status/{HOSTS[7]}")).text == "Installing"
            assert len(await got(served, "/list")) == MANY

    async def test_are_told_of_as_jobs(self, tmp_path: Path) -> None:
        async with serving_many(tmp_path, config=f"{CONFIG}waitron_api: 3\n") as served:
            assert len(await got(served, "/status")) == MANY
            assert (await served.ask("PUT", "/cleanhistory")).status == 200

    @pytest.mark.parametrize(
        ("query", "number"), [("", MANY), ("?name=*0.internal&state=pending", 500), ("?limit=5", 5)]
    )
    async def test_are_listed(self, tmp_path: Path, query: str, number: int) -> None:
        async with serving_many(tmp_path) as served:
            found = await got(served, f"/api/v1/machines{query}")

            assert len(found["machines"]) == number
            assert found["machines"][-1]["build"]["wipes"]["disks"] == ["/dev/sda"]

    async def test_are_on_each_screen_no_more_than_can_be_read(self, tmp_path: Path) -> None:
        orders = (f"/page/machines?order=-{by}&name=web*0&state=active" for by in Order)
        screens = [each.path for each in SCREENS]
        async with serving_many(tmp_path) as served:
            for path in (*screens, *orders, "/page/machines?page=50", f"/page/machines/{HOSTS[7]}"):
                answer = await served.get(path, Accept="text/html")

                assert answer.status == 200, answer.text
                shown = set(re.findall(r"web\d{5}\.internal", answer.text))
                assert len(shown) <= 100, path

    async def test_whose_files_have_gone_are_listed(self, tmp_path: Path) -> None:
        async with serving_many(tmp_path) as served:
            served.parts.machines._registry = Registry()

            assert len((await got(served, "/api/v1/machines"))["machines"]) == MANY

    async def test_that_are_unknown_are_listed(self, tmp_path: Path) -> None:
        """Anybody can make up as many as are remembered, with long words in each."""
        words = dict.fromkeys(FIELDS, "x" * 300)
        async with serving_many(tmp_path) as served:
            discovered = served.parts.discovered
            for again in range(3):
                for at in range(DISCOVERED.whole):
                    unknown = f"02:00:00:00:{at >> 8:02x}:{at & 255:02x}"
                    discovered.note(unknown, 1.0, words, moment=1000.0 * again)
            for at in range(DISCOVERED.whole):
                unknown = f"02:00:00:01:{at >> 8:02x}:{at & 255:02x}"
                discovered.note(unknown, 1.0, words, moment=9000.0)

            found = await got(served, "/api/v1/discovered")

            assert len(found["machines"]) == 2 * DISCOVERED.whole

    async def test_are_counted(self, tmp_path: Path) -> None:
        async with serving_many(tmp_path) as served:
            health = await got(served, "/health")
            exposition = (await served.get("/metrics")).text

            assert (health["building"], health["stale"]) == (MANY, 0)
            assert health["problems"][99].startswith(f"{HOSTS[99]}:1:1: ")
            assert health["problems"][100] == f"{MANY - 100} more of files: see pyxie check"
            assert f"\npyxie_builds_active {float(MANY)}\n" in exposition
            assert f"\npyxie_builds_in_trouble {float(health['in_trouble'])}\n" in exposition


class TestThousandsOfBuilds:
    async def test_that_are_stored_come_a_page_at_a_time(self, tmp_path: Path) -> None:
        async with serving_many(tmp_path) as served:
            wanted = [(build(at), "begun", None) for at in range(SHOWN)]
            await served.parts.records.begin(wanted)

            found = await got(served, f"/api/v1/builds?limit={SHOWN}")

            assert [each["host"] for each in found["builds"]] == HOSTS[:SHOWN][::-1]

    async def test_are_looked_at_for_stale_ones(self, tmp_path: Path) -> None:
        async with serving_many(tmp_path) as served:
            limits = {HOSTS[-1]: 60}
            looked: list[str] = []

            def threshold(of: Build) -> int:
                looked.append(of.host)
                served.parts.definitions.of(of)
                return limits.get(of.host, 0)

            served.clock.now += 60
            await StaleWatch(served.parts.builds, threshold).look()

            assert looked == HOSTS
            states = {each.host: each.state for each in served.parts.index.all()}
            assert [host for host in HOSTS if states[host] is State.STALE] == [HOSTS[-1]]
