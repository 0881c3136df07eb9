"""Builds are tried while nothing else is to be done, and again where something has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from pyxie.errors import BusyError
from pyxie.metrics import Metrics
from pyxie.registry.asbuilt import Kept, KeptDefinitions
from pyxie.registry.define import Common
from pyxie.registry.folder import Folder
from pyxie.registry.registry import Registry
from pyxie.workers.lastasked import LastAsked
from pyxie.workers.quiet import Quiet
from pyxie.workers.verdictsahead import VerdictsAhead, _Order
from tests.render.site import settings


class Site:
    """Machines, and who has their builds tried."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings(folder)
        self.folder = Folder(self.settings.machinepath, shared=Common())
        self.lately: list[str] = []
        self.base_url = "http://192.0.2.1"
        self.outdated: set[str] = set()
        self.tried: list[str] = []
        self.all_tried = asyncio.Event()
        self.spent = [0.0]
        self.fails: Exception | None = None
        self.metrics, self.kept, self.last = Metrics(), KeptDefinitions(), LastAsked()
        for name in "abc":
            self.write(name)
        self.verdicts = VerdictsAhead(
            self.now,
            lambda: self.settings,
            lambda: self.lately,
            lambda: self.base_url,
            self._rehearse,
            self._outdated,
            self.metrics,
            self.kept,
            self.last,
            quiet=Quiet(self._spent),
            look=0,
        )

    def now(self) -> Registry:
        return self.folder.scan()

    def write(self, name: str, more: str = "") -> None:
        text = f"hostname: {name}.example\nnetwork: [{{macaddress: '52:54:00:00:00:{name * 2}'}}]\n"
        (self.settings.machinepath / f"{name}.yaml").write_text(text + more)

    async def newly_tried(self) -> str:
        """Return the first letters of those that are tried by now, in their order."""
        await self.verdicts.settle()
        tried, self.tried = self.tried, []
        return "".join(each[0] for each in tried)

    @property
    def waiting(self) -> float:
        return self.metrics.registry.get_sample_value("pyxie_verdicts_waiting") or 0.0

    async def _rehearse(self, kept: Kept, base_url: str) -> None:
        assert base_url == self.base_url
        if self.fails is not None:
            raise self.fails
        self.tried.append(kept.definition.machine.hostname)
        if len(self.tried) == 3:
            self.all_tried.set()

    async def _outdated(self) -> Iterable[str]:
        outdated, self.outdated = self.outdated, set()
        return outdated

    def _spent(self) -> float:
        return self.spent.pop(0) if len(self.spent) > 1 else self.spent[0]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


class TestAreTried:
    async def test_all_once(self, site: Site) -> None:
        assert site.waiting == 3
        assert await site.newly_tried() == "abc"
        assert site.waiting == 0
        assert await site.newly_tried() == ""

    async def test_and_what_they_are_built_from_is_kept(self, site: Site) -> None:
        await site.newly_tried()

        assert site.kept.find(site.now(), "b.example") is not None

    async def test_those_built_last_first(self, site: Site) -> None:
        site.lately = ["c.example", "gone.example", "b.example"]

        assert await site.newly_tried() == "cba"

    async def test_again_where_their_file_has_changed(self, site: Site) -> None:
        await site.newly_tried()

        site.write("b", "params: {disk: /dev/sda}\n")
        site.write("d")

        assert await site.newly_tried() == "bd"

    async def test_again_where_a_template_has_changed(self, site: Site) -> None:
        await site.newly_tried()

        site.outdated = {"c.example", "gone.example"}

        assert await site.newly_tried() == "c"

    async def test_all_again_once_settings_or_groups_have_changed(
        self, site: Site, tmp_path: Path
    ) -> None:
        await site.newly_tried()

        site.settings = settings(tmp_path)
        assert await site.newly_tried() == "abc"
        site.folder.share(Common(), None, None)
        assert await site.newly_tried() == "abc"
        site.base_url = "http://192.0.2.2"
        assert await site.newly_tried() == "abc"

    async def test_but_not_one_that_cannot_be_built(self, site: Site) -> None:
        site.write("b", "groups: nobody\n")

        assert await site.newly_tried() == "ac"

    async def test_but_for_one_that_met_a_bug(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.fails = RuntimeError("a worker met a bug")

        assert await site.newly_tried() == ""
        assert caplog.messages[0] == "a bug, while trying what a.example is given"

    async def test_later_if_that_cannot_be_now(self, site: Site) -> None:
        site.fails = BusyError("templates", "no process")
        with pytest.raises(BusyError):
            await site.newly_tried()
        assert site.waiting == 3

        site.fails = None

        assert await site.newly_tried() == "abc"

    async def test_while_it_serves(self, site: Site) -> None:
        serving = asyncio.create_task(site.verdicts.serve())
        await site.all_tried.wait()
        serving.cancel()

        assert sorted(site.tried) == ["a.example", "b.example", "c.example"]


class TestOneAfterTheOtherIsBuilt:
    async def test_those_after_it_are_tried_though_there_is_work(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in "def":
            site.write(name)
        site.spent = [float(at) for at in range(20)]
        site.last.note("b.example")

        assert await site.newly_tried() == "defabc"
        assert len(site.spent) == 20

    async def test_but_not_those_of_before_a_moment_ago(self, site: Site) -> None:
        now = [0.0]
        last = LastAsked(lambda: now[0])
        last.note("b.example")
        assert last.lately() == "b.example"

        now[0] = 1.0

        assert last.lately() == ""

    async def test_from_where_the_order_has_changed(self, site: Site) -> None:
        for name in "def":
            site.write(name)
        order, left = _Order(site.now().machines), {f"{name}.example" for name in "abcdef"}

        tried = [order.after(f"{near}.example", left) for near in "aabaxf"]

        assert tried == [
            "c.example", "d.example", "e.example", "f.example", None, None,
        ]  # fmt: skip

    async def test_wakes_who_looks_once_in_a_while(self, site: Site) -> None:
        waiting = asyncio.create_task(site.last.wait(60))
        await asyncio.sleep(0)

        site.last.note("a.example")

        await asyncio.wait_for(waiting, 60)
        await site.last.wait(0)


async def test_nothing_is_tried_while_there_is_work(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyxie.workers.quiet._LATER", 0.001)
    site.spent = [float(at) for at in range(20)]  # seconds of a processor, in moments of 2 ms

    await site.newly_tried()

    assert len(site.spent) == 1
