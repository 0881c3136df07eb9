"""What was rendered is given again, and only while it would be the same."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyxie.config.settings import Settings
from pyxie.errors import BusyError, ExhaustedError, RenderError
from pyxie.registry.machine import Machine
from pyxie.wiping.forecast import Answer
from pyxie.workers.jobs import Job
from pyxie.workers.lane import Lane
from pyxie.workers.made import Made
from pyxie.workers.renders import Renders
from tests.inthread import InThread
from tests.render.site import CONTEXT, machine, settings

HERE = "http://192.0.2.1:8090"


class SometimesAway(InThread):
    """A runner that a test sends away, and has fail."""

    away = False
    fails: Exception | None = None

    async def run(self, job: Job, settings: Settings, lane: Lane) -> Made:
        if self.fails is not None:
            raise self.fails
        if self.away:
            raise BusyError("templates", "away")
        return await super().run(job, settings, lane)


class Site:
    """What renders, its templates, and the machine whose preseed is ``p.j2``."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings(folder)
        self.runner = SometimesAway()
        self.renders = Renders(lambda: self.settings, self.runner)
        self.machine = machine(preseed="p.j2")
        self._edits = 0

    def write(self, name: str, text: str) -> None:
        """Write a template; its time of change differs each time."""
        path = self.settings.templatepath / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self._edits += 1
        os.utime(path, ns=(0, self._edits * 1_000_000_000))

    async def rendered(self, kind: str = "preseed", host: Machine | None = None) -> str:
        return (await self.renders.template(host or self.machine, kind, CONTEXT)).text

    async def kept(self, kind: str = "preseed", host: Machine | None = None) -> str | None:
        self.runner.away = True
        try:
            return await self.rendered(kind, host)
        except BusyError:
            return None
        finally:
            self.runner.away = False

    async def script(self, host: Machine, here: str = HERE, **changed: Any) -> str:
        context = replace(CONTEXT, **changed)
        return (await self.renders.script(host, context, here)).text

    async def kept_script(self, host: Machine, here: str = HERE, **changed: Any) -> str | None:
        self.runner.away = True
        try:
            return await self.script(host, here, **changed)
        except BusyError:
            return None
        finally:
            self.runner.away = False


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


class TestATemplate:
    async def test_is_kept_once_it_was_rendered(self, site: Site) -> None:
        site.write("p.j2", "{{ MAC }}")

        assert await site.kept() is None
        assert await site.rendered() == CONTEXT.mac
        assert await site.kept() == CONTEXT.mac

    async def test_is_of_the_settings_that_were_in_force_when_it_was_asked_for(
        self, site: Site
    ) -> None:
        site.write("p.j2", "here")
        asked = asyncio.create_task(site.rendered())
        await asyncio.sleep(0)

        site.settings = site.settings.model_copy(update={"templatepath": site.settings.ipxe})

        assert await asked == "here"

    async def test_is_not_once_its_file_was_edited(self, site: Site) -> None:
        site.write("p.j2", "one")
        await site.rendered()

        site.write("p.j2", "two")

        assert await site.kept() is None
        assert await site.rendered() == "two"

    @pytest.mark.parametrize(
        "text",
        [
            "{% include 'i.j2' %}",
            "{% extends 'i.j2' %}",
            "{% import 'i.j2' as i %}{{ i.x }}",
            "{% set name = 'i.j2' %}{% include name %}",
        ],
    )
    async def test_nor_once_what_it_uses_was_edited(self, site: Site, text: str) -> None:
        site.write("i.j2", "{% set x = 'one' %}{{ x }}")
        site.write("p.j2", text)
        assert await site.rendered() == "one"
        assert await site.kept() == "one"

        site.write("i.j2", "{% set x = 'two' %}{{ x }}")

        assert await site.kept() is None
        assert await site.rendered() == "two"

    async def test_nor_once_its_file_has_gone(self, site: Site) -> None:
        site.write("p.j2", "one")
        await site.rendered()

        (site.settings.templatepath / "p.j2").unlink()

        assert await site.kept() is None

    async def test_nor_once_a_file_hides_the_shipped_one(self, site: Site) -> None:
        host = machine(preseed="report.j2")
        shipped = await site.rendered(host=host)
        assert await site.kept(host=host) == shipped

        site.write("report.j2", "mine")

        assert await site.kept(host=host) is None

    @pytest.mark.parametrize(
        "text",
        [
            "{{ ['a', 'b'] | random }}",
            "{{ lipsum() }}",
            "{% include 'gone.j2' ignore missing %}",
            "{% include ['gone.j2', 'i.j2'] %}",
        ],
    )
    async def test_is_never_kept_if_it_may_be_another_one_the_next_time(
        self, site: Site, text: str
    ) -> None:
        site.write("i.j2", "there")
        site.write("p.j2", text)

        await site.rendered()

        assert await site.kept() is None

    async def test_nor_if_a_file_beside_it_would_come_first(self, site: Site) -> None:
        site.machine = machine(preseed="sub/p.j2")
        site.write("i.j2", "root")
        site.write("sub/p.j2", "{% include 'i.j2' %}")
        assert await site.rendered() == "root"

        site.write("sub/i.j2", "beside")

        assert await site.kept() is None
        assert await site.rendered() == "beside"

    async def test_one_that_fails_is_not_kept(self, site: Site) -> None:
        site.write("p.j2", "{{ nope }}")

        with pytest.raises(RenderError):
            await site.rendered()

        assert await site.kept() is None

    async def test_a_kind_that_means_the_preseed_is_kept_as_itself(self, site: Site) -> None:
        site.write("p.j2", "text")
        await site.rendered("meta-data")

        assert await site.kept() is None
        assert await site.kept("meta-data") == "text"


class TestAScript:
    async def test_is_kept_for_the_nic_the_token_and_the_way_it_was_asked_for(
        self, site: Site
    ) -> None:
        text = await site.script(site.machine)

        assert await site.kept_script(site.machine) == text
        assert await site.kept_script(site.machine, here="http://192.0.2.2:8090") is None
        assert await site.kept_script(site.machine, mac="52:54:00:00:00:0a") is None
        assert await site.kept_script(site.machine, token="another") is None
        assert await site.kept_script(site.machine, state="installing") is None
        assert await site.kept_script(site.machine, base_url="http://boot.example") is None
        assert await site.kept_script(machine(preseed="p.j2")) is None  # read again from its file

    async def test_is_not_once_the_command_line_depends_on_chance(self, site: Site) -> None:
        host = machine(cmdline="x={{ [1, 2] | random }}")

        await site.script(host)

        assert await site.kept_script(host) is None

    async def test_is_not_once_the_operators_own_template_is_there(self, site: Site) -> None:
        await site.script(site.machine)

        (site.settings.ipxe / "boot.ipxe.j2").write_text("#!ipxe\n")

        assert await site.kept_script(site.machine) is None

    async def test_that_was_read_for_what_it_wipes_is_kept_with_that(self, site: Site) -> None:
        site.write("p.j2", "d-i partman-auto/disk string /dev/sda\n")
        made = await site.renders.script(site.machine, CONTEXT, HERE, judged="build")
        site.runner.away = True

        assert await site.renders.script(site.machine, CONTEXT, HERE, judged="build") == made
        assert made.forecast is not None
        assert made.forecast.answer is Answer.YES

    async def test_that_leads_to_a_file_beside_it_is_read_anew_each_time(self, site: Site) -> None:
        host = machine(cmdline=f"url={CONTEXT.base_url}/images/answers")
        await site.renders.script(host, CONTEXT, HERE, judged="build")
        site.runner.away = True

        with pytest.raises(BusyError):
            await site.renders.script(host, CONTEXT, HERE, judged="build")


class TestANotice:
    @pytest.mark.parametrize(
        "error", [BusyError("templates", "x"), ExhaustedError("notice.ipxe.j2", 1, "x")]
    )
    async def test_is_the_shipped_one_where_the_operators_cannot_be_rendered(
        self, site: Site, error: Exception
    ) -> None:
        (site.settings.ipxe / "notice.ipxe.j2").write_text("{% for _ in x %}")
        site.runner.fails = error

        text = await site.renders.notice("web01: no", "http://192.0.2.1/again", again=True)

        assert text.startswith("#!ipxe")
        assert "echo pyxie: web01: no\n" in text
        assert "chain --replace --autofree http://192.0.2.1/again" in text


class TestARehearsal:
    async def test_that_was_stopped_has_that_fault(self, site: Site) -> None:
        site.runner.fails = ExhaustedError("p.j2", 3, "took over 5 s")

        tried = await site.renders.trials.rehearse(site.machine, CONTEXT)

        assert [str(each) for each in tried.faults] == ["p.j2:3: took over 5 s"]
