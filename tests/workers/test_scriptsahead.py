from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, ip_address

import pytest

from pyxie.bounds import SCRIPTS_AHEAD
from pyxie.builds.life import Build, State
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.net.address import Address
from pyxie.net.baseurl import at
from pyxie.registry.machine import Machine
from pyxie.workers.scriptsahead import Ahead
from tests.support import eventually

MAC = "52:54:00:00:00:01"
FIRST = IPv4Address("192.0.2.1")


def build_of(host: str, token: str = "t", mac: str | None = None) -> Build:
    return Build(
        host=host,
        token=token,
        state=State.PENDING,
        begun=1.0,
        changed=1.0,
        definition="{}",
        macs=(MAC,),
        mac=mac,
    )


class Site:
    """Machines in build mode, and what was made for them."""

    def __init__(self) -> None:
        self.builds: dict[str, Build] = {}
        self.first: Address | None = FIRST
        self.macs = [MAC]
        self.made: list[tuple[str, str, str, str]] = []
        self.fails: Exception | None = None
        self.ahead = Ahead(
            self.builds.get,
            self.machine,
            self.make,
            base_url=lambda local, port: f"base of {local}:{port}",
            first=lambda: self.first,
            port=lambda: 8090,
        )

    def machine(self, build: Build) -> Machine:
        network = [{"macaddress": each} for each in self.macs]
        return Machine.model_validate({"hostname": build.host, "network": network})

    async def make(
        self, build: Build, machine: Machine, mac: str, base_url: str, here: str
    ) -> object:
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        self.made.append((machine.hostname, mac, base_url, here))
        return None

    def begin(self, host: str, token: str = "t", mac: str | None = None) -> Build:
        build = self.builds[host] = build_of(host, token, mac)
        self.ahead.expect(build)
        return build

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.ahead.serve())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def site() -> Site:
    return Site()


async def test_a_script_is_made_when_its_build_has_begun(site: Site) -> None:
    async with site.serving():
        site.begin("web01")
        await eventually(lambda: len(site.made) == 1)
        site.begin("web02")
        await eventually(lambda: len(site.made) == 2)

    url = at(FIRST, 8090)
    base = f"base of {FIRST}:8090"
    assert site.made == [("web01", MAC, base, url), ("web02", MAC, base, url)]


@pytest.mark.parametrize(
    ("came_by", "here"),
    [
        ("198.51.100.7", "http://198.51.100.7:8090"),
        ("2001:db8::7", "http://[2001:db8::7]:8090"),
        ("127.0.0.1", "http://192.0.2.1:8090"),
        ("fe80::7", "http://192.0.2.1:8090"),
    ],
)
async def test_it_leads_to_the_address_by_which_the_last_machine_came(
    site: Site, came_by: str, here: str
) -> None:
    site.ahead.came_by(ip_address(came_by))

    async with site.serving():
        site.begin("web01")
        await eventually(lambda: len(site.made) == 1)

    assert site.made[0][3] == here


async def test_it_is_the_nics_that_the_build_belongs_to(site: Site) -> None:
    async with site.serving():
        site.begin("web01", mac="02:00:00:00:00:02")
        await eventually(lambda: len(site.made) == 1)

    assert site.made[0][1] == "02:00:00:00:00:02"


async def test_what_has_ended_or_cannot_be_known_is_left_out(site: Site) -> None:
    site.begin("ended")
    del site.builds["ended"]
    site.begin("replaced", token="old")
    site.builds["replaced"] = build_of("replaced", "new")
    async with site.serving():
        await eventually(lambda: not len(site.ahead))
        site.first = None
        site.begin("no-address")
        await eventually(lambda: not len(site.ahead))
        site.first, site.macs = FIRST, []
        site.begin("matched")
        await eventually(lambda: not len(site.ahead))
        site.macs = [MAC]
        site.begin("web01")
        await eventually(lambda: len(site.made) == 1)

    assert [each[0] for each in site.made] == ["web01"]


@pytest.mark.parametrize(
    "error",
    [BusyError("templates", "away"), NotServedError("kernel", "none"), RenderError("x", 1, "no")],
)
async def test_one_that_cannot_be_made_hinders_no_other(site: Site, error: Exception) -> None:
    async with site.serving():
        site.fails = error
        site.begin("web01")
        await eventually(lambda: not len(site.ahead))
        await asyncio.sleep(0)
        site.fails = None
        site.begin("web02")
        await eventually(lambda: len(site.made) == 1)

    assert site.made[0][0] == "web02"


async def test_of_more_than_may_wait_the_last_are_made_when_asked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SCRIPTS_AHEAD, "most", 1)
    over = SCRIPTS_AHEAD.times

    for host in ("web01", "web02", "web01"):
        site.begin(host)

    assert (len(site.ahead), SCRIPTS_AHEAD.times) == (1, over + 1)
