"""Builds of several machines in one call, and of one machine by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.http.site import HOST, serving
from tests.http.test_builds import send

BUILDS = "/api/v1/builds"


def more(folder: Path, **machines: str) -> None:
    for at, (name, text) in enumerate(machines.items()):
        nic = f"network: [{{macaddress: '52:54:00:00:00:{at:02x}'}}]\n"
        own = f"hostname: {name}\ncmdline: quiet\n{nic}{text}"  # asks for no template
        (folder / f"machines/{name}.yaml").write_text(own)


def brief(told: Any) -> list[tuple[str, int, str | None]]:
    return [(each["host"], each["status"], each["code"]) for each in told["results"]]


class TestSeveral:
    async def test_begin_each_with_its_id_and_token(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="", db01="")

            status, told = await send(served, "POST", BUILDS, {"hosts": ["web*", "DB01"]})

            assert status == 200
            assert brief(told) == [("web01", 200, None), ("web02", 200, None), ("db01", 200, None)]
            builds = [each["build"] for each in told["results"]]
            assert sorted(each["id"] for each in builds) == [1, 2, 3]
            for each in builds:
                active = served.parts.index.active(each["host"])
                assert active is not None
                assert active.token == each["token"]

    async def test_one_that_is_refused_stops_no_other(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="preseed: none.j2\n", web03="")
            (tmp_path / "machines/broken.yaml").write_text("kernle: x\n")
            await send(served, "PUT", f"{BUILDS}/web01", {})

            hosts = ["web0*", "web9", "broken", "x*"]
            status, told = await send(served, "POST", BUILDS, {"hosts": hosts})

            assert status == 200
            assert brief(told) == [
                ("web01", 409, "already"),
                ("web02", 400, None),
                ("web03", 200, None),
                ("web9", 404, None),
                ("broken", 400, None),
                ("x*", 404, None),
            ]
            assert "none.j2" in told["results"][1]["detail"]

    @pytest.mark.parametrize("body", [{"group": "rack1"}, {"all": True}], ids=str)
    async def test_are_of_a_group_or_all(self, tmp_path: Path, body: dict[str, Any]) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / "groups").mkdir()
            (tmp_path / "groups/rack1.yaml").write_text("params: {rack: '1'}\n")
            more(tmp_path, web01="groups: [rack1]\n", web02="groups: [rack1]\n", db01="")

            _, told = await send(served, "POST", BUILDS, {**body, "build_type": ""})

            names = [each["host"] for each in told["results"]]
            grouped = ["web01", "web02"]
            assert names == (sorted([HOST, "db01", *grouped]) if "all" in body else grouped)

    async def test_by_more_patterns_than_are_looked_for_is_400(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            names = [f"web{each}" for each in range(500)]

            few, _ = await send(served, "POST", BUILDS, {"hosts": [*["x*"] * 100, *names]})
            many, told = await send(served, "POST", BUILDS, {"hosts": ["x*"] * 101})

            assert (few, many) == (200, 400)
            assert told["detail"] == "hosts: over 100 patterns"

    async def test_are_one_look_at_the_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, **{f"web{at:02}": "" for at in range(20)})
            os.link(tmp_path / "machines/web00.yaml", tmp_path / "elsewhere")  # so each call looks
            looks, scandir = 0, os.scandir

            def counted(path: Any) -> Any:
                nonlocal looks
                looks += path == tmp_path / "machines"
                return scandir(path)

            monkeypatch.setattr(os, "scandir", counted)
            _, told = await send(served, "POST", BUILDS, {"hosts": ["web*"]})

            assert [each["status"] for each in told["results"]] == [200] * 20
            assert looks == 1

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("{}", "nobody is named: say 'hosts', 'group' or 'all'"),
            ('{"host": ["a"]}', "host: unknown key; did you mean 'hosts'?"),
            ('{"hosts": "a"}', "hosts: must be a list"),
        ],
    )
    async def test_a_body_that_names_nobody_is_400(
        self, tmp_path: Path, body: str, said: str
    ) -> None:
        async with serving(tmp_path) as served:
            status, told = await send(served, "POST", BUILDS, body)

            assert status == 400
            assert said in told["detail"]


class TestOne:
    async def test_is_found_by_its_machines_name_as_it_is_now(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            _, begun = await send(served, "PUT", f"{BUILDS}/{HOST}", {})
            before = await send(served, "GET", f"{BUILDS}/{HOST}")
            await send(served, "DELETE", f"{BUILDS}/{HOST}")
            after = await send(served, "GET", f"{BUILDS}/{HOST.upper()}")

            assert (before[0], before[1]["id"], before[1]["state"]) == (200, begun["id"], "pending")
            assert (after[0], after[1]["id"], after[1]["state"]) == (200, begun["id"], "cancelled")
            assert "token" not in before[1]

    async def test_of_a_machine_without_one_is_404(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            never = await send(served, "GET", f"{BUILDS}/{HOST}")
            none = await send(served, "GET", f"{BUILDS}/{HOST[:-1]}")

            assert (never[0], never[1]["detail"]) == (404, f"{HOST} was never in build mode")
            assert none[0] == 404
            assert HOST in none[1]["detail"]
