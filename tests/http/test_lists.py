"""Lists over REST: filtered, a page at a time; the settings; what would be rendered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pyxie.http.settings import masked
from pyxie.render.preview import TOKEN
from tests.http.site import CONFIG, HOST, MACHINE, Served, serving

OTHER = "domain: lab\ngroups: []\nbuild_type: rescue\nnetwork: [{macaddress: 52:54:00:00:00:0%d}]\n"
TYPES = f"{CONFIG}build_types: {{rescue: {{}}}}\n"


async def got(served: Served, path: str) -> Any:
    answer = await served.get(path)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)


async def hosts(served: Served, query: str) -> list[str]:
    return [
        each["hostname"] for each in (await got(served, f"/api/v1/machines?{query}"))["machines"]
    ]


class TestMachines:
    async def test_are_filtered_and_come_a_page_at_a_time(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=TYPES) as served:
            for at in range(1, 4):
                (tmp_path / f"machines/web0{at}.yaml").write_text(OTHER % at)
            await served.build()

            assert await hosts(served, "") == [HOST, "web01", "web02", "web03"]
            assert await hosts(served, "name=WEB*") == ["web01", "web02", "web03"]
            assert await hosts(served, "group=LAB&limit=2") == ["web01", "web02"]
            assert await hosts(served, "build_type=rescue&after=web02") == ["web03"]
            assert await hosts(served, "state=pending") == [HOST]
            first = await got(served, "/api/v1/machines?limit=3")
            assert first["next"] == "web02"
            last = await got(served, "/api/v1/machines?limit=3&after=web02")
            assert (len(last["machines"]), last["next"]) == (1, None)

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("machines?limit=0", "limit: "),
            ("machines?limit=x", "limit: "),
            ("machines?state=dead", "state: "),
            ("machines?nmae=a", "nmae: unknown parameter; did you mean 'name'?"),
            ("machines?name=a&name=b", "name: stands twice"),
            ("builds?limit=1001", "limit: "),
            ("builds?before=-1", "before: "),
            ("events/history?since=nan", "since: "),
            ("events/history?mac=x", "mac: 'x' is not a MAC"),
            ("discovered?after=x", "after: 'x' is not a MAC"),
            ("audit?limit=%C3", "limit: "),
            ("builds?limit=", "limit: is empty"),
        ],
    )
    async def test_a_parameter_that_does_not_fit_is_named(
        self, tmp_path: Path, path: str, told: str
    ) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get(f"/api/v1/{path}")

            assert answer.status == 400
            assert json.loads(answer.body)["detail"].startswith(told)


class TestBuilds:
    async def test_are_listed_the_newest_first_without_their_tokens(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            tokens = [await served.build() for _ in range(3)]
            page = await got(served, "/api/v1/builds?limit=2")

            assert [(each["id"], each["state"]) for each in page["builds"]] == [
                (3, "pending"),
                (2, "replaced"),
            ]
            assert page["next"] == 2
            rest = await got(served, "/api/v1/builds?limit=2&before=2")
            assert [each["id"] for each in rest["builds"]] == [1]
            assert rest["next"] is None
            assert not any(token in json.dumps((page, rest)) for token in tokens)

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            *((f"host={HOST}", 2), ("host=nobody", 0), ("active=true", 1), ("active=false", 1)),
            *(("state=replaced", 1), ("state=stale", 0), ("build_type=x", 0)),
        ],
    )
    async def test_are_filtered(self, tmp_path: Path, query: str, count: int) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            await served.build()

            assert len((await got(served, f"/api/v1/builds?{query}"))["builds"]) == count


class TestEvents:
    async def test_of_the_past_are_told(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            task = asyncio.create_task(served.parts.archive.serve())
            await asyncio.sleep(0)
            await served.build()
            page = await got(served, f"/api/v1/events/history?host={HOST}&step=build")
            task.cancel()
            await asyncio.wait([task])

            assert [each["code"] for each in page["events"]] == ["build.spares", "build.changed"]
            assert page["next"] is None


class TestARestart:
    async def test_keeps_what_happened_and_who_was_discovered(self, tmp_path: Path) -> None:
        nic, config = "52-54-00-00-00-99", f"{CONFIG}unknown: discover\n"
        machine = MACHINE.replace("http://files.internal:81/bookworm", "http://127.0.0.1:1")
        paths = (
            *("/api/v1/events", f"/api/v1/events?host={HOST}"),
            *("/api/v1/discovered", f"/api/v1/machines/{HOST}"),
        )
        told = []
        for restarted in (False, True):
            async with (
                serving(tmp_path, machine=machine, config=config) as served,
                served.parts.archive,
            ):
                task = asyncio.create_task(served.parts.archive.serve())
                await asyncio.sleep(0)
                if not restarted:
                    await served.build()
                    await served.get(f"/boot/{HOST}/kernel/linux")
                    await served.get(f"/discovered/{nic}?serial=7")
                told.append([(await served.get(path)).text for path in paths])
                task.cancel()
                await asyncio.wait([task])

        before, after = told
        assert before == after
        assert "/amd64/linux" in after[0]
        assert nic.replace("-", ":") in after[2]
        assert json.loads(after[3])["build"]["trouble"]["code"] == "image.failed"


class TestSettings:
    async def test_are_told_without_secrets(self, tmp_path: Path) -> None:
        config = CONFIG.replace("http://files.internal", "http://u:secret@files.internal")
        config += "api: {tokens: ['0123456789abcdef0123456789abcdef']}\n"
        async with serving(tmp_path, config=config) as served:
            found = await got(served, "/api/v1/settings")

            assert found["file"] == f"{tmp_path}/config.yaml"
            assert found["settings"]["image_url"] == "http://u:***@files.internal:81/any/"
            assert "secret@" not in json.dumps(found)
            assert "0123456789abcdef" not in json.dumps(found)

    def test_passwords_are_masked_wherever_they_stand(self) -> None:
        assert masked({"a": ["x://u:p@h/b", 1], "b": "http://h/a@b:c"}) == {
            "a": ["x://u:***@h/b", 1],
            "b": "http://h/a@b:c",
        }


class TestRendered:
    async def test_is_what_a_machine_would_get(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            path = f"/api/v1/machines/{HOST}/templates"
            preseed = await served.get(f"{path}/preseed")
            script = await served.get(f"{path}/cmdline")

            assert "d-i netcfg/disable_autoconfig boolean true" in preseed.text
            assert preseed.headers["Content-Type"].startswith("text/plain")
            assert f"/template/preseed/{HOST}/{TOKEN}" in script.text
            assert (await served.get(f"{path}/nonsense")).status == 404
            assert (await served.get(f"{path}/preseed?build_type=x")).status == 404
            assert (await served.get("/api/v1/machines/x/templates/preseed")).status == 404
            assert served.parts.index.of(HOST) is None

    async def test_what_cannot_be_rendered_says_why(self, tmp_path: Path) -> None:
        async with serving(tmp_path, preseed="{{ nope }}", machine=MACHINE) as served:
            answer = await served.get(f"/api/v1/machines/{HOST}/templates/preseed")

            assert answer.status == 409
            assert "'nope' is undefined" in json.loads(answer.body)["detail"]
