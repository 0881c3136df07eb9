"""Commands on several machines at once, and `pyxie wait`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.commands.test_machines import Ran, Runner, pyxie
from tests.http.site import Served
from tests.http.test_bulk import more

__all__ = ["pyxie"]


@asynccontextmanager
async def three(pyxie: Runner, folder: Path) -> AsyncIterator[Served]:
    async with pyxie.serving(folder) as served:
        (folder / "groups").mkdir()
        (folder / "groups/rack1.yaml").write_text("")
        more(folder, web01="groups: [rack1]\n", web02="groups: [rack1]\n", db01="")
        yield served


class TestBuild:
    @pytest.mark.parametrize("call", [["web*"], ["web01", "web02"], ["--group", "rack1"]], ids=str)
    async def test_takes_names_patterns_and_groups(
        self, pyxie: Runner, tmp_path: Path, call: list[str]
    ) -> None:
        async with three(pyxie, tmp_path) as served:
            ran = await pyxie("build", *call)

            assert (ran.code, ran.err) == (0, "")
            assert [line.split(";")[0] for line in ran.out.splitlines()] == [
                "web01 is in build mode",
                "web02 is in build mode",
            ]
            assert sorted(each.host for each in served.parts.index.active_now()) == [
                "web01",
                "web02",
            ]

    async def test_tells_of_each_that_is_refused_and_ends_with_its_code(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        async with three(pyxie, tmp_path):
            await pyxie("build", "web01")

            ran = await pyxie("build", "web*")
            mixed = await pyxie("build", "web01", "web09")
            nobody = await pyxie("build", "x*", "--json")

        assert ran.code == 4
        assert ran.err == (
            "pyxie: web01 is in build mode; say replace=true (--replace) to begin anew\n"
        )
        assert ran.out.startswith("web02 is in build mode; token ")
        assert mixed.code == 1
        assert (nobody.code, json.loads(nobody.err)["detail"]) == (5, "no machine fits 'x*'")


class TestWhatIsLost:
    async def test_is_said_of_one_and_of_each_of_several(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        keeps = "keeps its data: neither a template nor the command line wipes a disk"
        async with three(pyxie, tmp_path):
            one = await pyxie("build", "web01")
            several = await pyxie("build", "web*", "--replace")

        assert one.out.splitlines()[1] == f"web01 {keeps}"
        assert [
            (line.split()[0], line.count("web"), line.split("; ")[-1])
            for line in several.out.splitlines()
        ] == [("web01", 1, keeps), ("web02", 1, keeps)]


class TestCancel:
    async def test_all_means_those_in_build_mode(self, pyxie: Runner, tmp_path: Path) -> None:
        async with three(pyxie, tmp_path):
            await pyxie("build", "web*")

            first = await pyxie("cancel", "--all")
            again = await pyxie("cancel", "--all")
            named = await pyxie("cancel", "web01", "db01")

        assert first == Ran(
            0, "the build of web01 is cancelled\nthe build of web02 is cancelled\n", ""
        )
        assert again == Ran(5, "", "pyxie: none of them is in build mode\n")
        assert (named.code, named.err.count("is not in build mode")) == (5, 2)

    async def test_gives_json_of_each(self, pyxie: Runner, tmp_path: Path) -> None:
        async with three(pyxie, tmp_path):
            await pyxie("build", "web*")

            ran = await pyxie("done", "web01", "db01", "--json")

        results = json.loads(ran.out)["results"]
        assert [(each["host"], each["status"]) for each in results] == [
            ("web01", 200),
            ("db01", 404),
        ]
        assert ran.code == 5


class TestStatus:
    async def test_of_several_is_a_line_each(self, pyxie: Runner, tmp_path: Path) -> None:
        async with three(pyxie, tmp_path):
            await pyxie("build", "web*", "db01")

            ran = await pyxie("status", "web*")
            none = await pyxie("status", "web01", "web09")

        assert [line.split()[0] for line in ran.out.splitlines()] == ["web01", "web02"]
        assert (none.code, none.err) == (5, "pyxie: there is no machine web09\n")


class TestWait:
    async def test_ends_when_all_are_installed(
        self, pyxie: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.commands.waiting._POLL", 0.01)
        async with three(pyxie, tmp_path) as served:
            await pyxie("build", "web*")
            waiting = asyncio.create_task(pyxie("wait", "web*", "--timeout", "60"))
            await asyncio.sleep(0.3)
            for host in ("web01", "web02"):
                active = served.parts.index.active(host)
                assert active is not None
                await served.parts.builds.done(host, active.token, None)

            ran = await waiting

        assert ran.code == 0
        assert set(ran.out.splitlines()) >= {"web01 is installed", "web02 is installed"}

    async def test_for_a_build_that_ended_otherwise_ends_with_1(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        async with three(pyxie, tmp_path):
            await pyxie("build", "web01")
            await pyxie("failed", "web01")

            installed = await pyxie("wait", "web01")
            failed = await pyxie("wait", "web01", "--for", "failed")
            ended = await pyxie("wait", "web01", "--for", "ended", "--json")

        assert installed == Ran(1, "web01 is failed\n", "")
        assert failed == Ran(0, "web01 is failed\n", "")
        assert json.loads(ended.out) == {"states": {"web01": "failed"}}

    async def test_is_over_when_time_is_up(self, pyxie: Runner, tmp_path: Path) -> None:
        async with three(pyxie, tmp_path):
            await pyxie("build", "web01")

            ran = await pyxie("wait", "web01", "--timeout", "0s")
            never = await pyxie("wait", "db01")

        assert ran == Ran(7, "web01 is pending\n", "pyxie: time is up: web01 is pending\n")
        assert never == Ran(5, "", "pyxie: db01 was never in build mode\n")
