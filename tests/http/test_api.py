"""The REST API of the command line, health and metrics."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pyxie import __version__
from pyxie.access.scope import Scope
from pyxie.bounds import HTTP_FOLLOWERS
from pyxie.builds.life import Build
from pyxie.events.kind import Step
from pyxie.events.kinds import ImageProgress
from tests.builds.stores import FillingRecords
from tests.events.said import said
from tests.http.site import CONFIG, HOST, MAC, Answer, Served, serving
from tests.support import eventually

PROBLEM = "application/problem+json; charset=utf-8"


def problem(answer: Answer) -> tuple[int, str]:
    """Return the status and the detail of problem JSON, RFC 9457."""
    assert answer.headers["Content-Type"] == PROBLEM
    found = json.loads(answer.body)
    assert (found["type"], found["status"]) == ("about:blank", answer.status)
    return answer.status, found["detail"]


class TestHealth:
    async def test_tells_those_who_may_manage_what_is_wrong(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            (tmp_path / "machines/web02.yaml").write_text("mac: x\n")

            found = json.loads((await served.get("/health")).body)

            problems = found.pop("problems")
            assert found == {
                "State": "OK",
                "version": __version__,
                "file": str(tmp_path / "config.yaml"),
                "machines": 1,
                "building": 1,
                "in_trouble": 0,
                "stale": 0,
                "unsaved": 0,
                "not_in_force": [],
            }
            assert problems[0] == (
                f"{tmp_path}/machines/web02.yaml:1:1: mac: unknown key;"
                " did you mean 'macaddress' below 'network'?"
            )

    async def test_tells_strangers_that_pyxie_answers(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            assert await served.get("/health") == Answer(200, b'{"State": "OK"}')


class TestBuilds:
    async def test_begin_and_are_cancelled_without_their_token(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            begun = json.loads((await served.ask("PUT", f"/api/v1/builds/{HOST}")).body)
            assert served.parts.builds.admit(HOST, begun.pop("token")).host == HOST
            assert (begun["host"], begun["state"]) == (HOST, "pending")

            ended = json.loads((await served.ask("DELETE", f"/api/v1/builds/{HOST}")).body)
            assert (ended["host"], ended["state"]) == (HOST, "cancelled")

    async def test_are_done_without_their_token(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            ended = json.loads((await served.ask("POST", f"/api/v1/builds/{HOST}/done")).body)

            assert (ended["host"], ended["state"]) == (HOST, "installed")
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installed")

    async def test_that_there_are_not_cannot_end(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for method, name in (("DELETE", "linux001"), ("POST", "linux001/done")):
                assert problem(await served.ask(method, f"/api/v1/builds/{name}")) == (
                    404,
                    f"linux001 is not in build mode; did you mean {HOST}?",
                )
            assert problem(await served.ask("DELETE", f"/api/v1/builds/{HOST}")) == (
                404,
                f"{HOST} is not in build mode",
            )

    async def test_are_refused_as_problems(self, tmp_path: Path) -> None:
        async with serving(tmp_path, preseed="{{ gone }}") as served:
            assert problem(await served.ask("PUT", f"/api/v1/builds/{HOST}")) == (
                400,
                "bookworm.j2:1: 'gone' is undefined",
            )
            assert problem(await served.ask("PUT", "/api/v1/builds/web")) == (
                404,
                "Unable to find host definition for web",
            )

    async def test_on_a_full_disk_are_refused_as_problems(self, tmp_path: Path) -> None:
        class Full(FillingRecords):
            full = True

        async with serving(tmp_path, records=Full) as served:
            status, detail = problem(await served.ask("PUT", f"/api/v1/builds/{HOST}"))

            why = "the state cannot be written: database or disk is full"
            assert (status, detail) == (507, f"Failed to set build mode on {HOST}: {why}")


class TestEvents:
    async def test_are_lines_of_json(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            answer = await served.get("/api/v1/events")

            assert answer.headers["Content-Type"] == "application/x-ndjson"
            assert lines(answer.body)[:1] == [
                {
                    "at": served.clock.now,
                    "step": "build",
                    "code": "build.changed",
                    "text": "build mode is on",
                    "data": {
                        "build": 1,
                        "state": "pending",
                        "cause": "PUT /build",
                        "reason": "",
                        "again": False,
                    },
                    "mac": None,
                    "host": HOST,
                    "peer": "127.0.0.1",
                }
            ]

    @pytest.mark.parametrize(
        ("query", "texts"),
        [
            ("", ["one", "two", "three"]),
            (f"?host={HOST}", ["one"]),
            ("?host=LINUX001.internal", ["one"]),
            ("?host=nobody", []),
            (f"?mac={MAC}", ["one"]),
            ("?mac=00-DE-AD-90-74-60", ["one"]),
            ("?mac=02:00:00:00:00:09", ["two"]),
        ],
    )
    async def test_of_one_machine_can_be_asked_for(
        self, tmp_path: Path, query: str, texts: list[str]
    ) -> None:
        async with serving(tmp_path) as served:
            served.parts.trace.record(said(Step.OFFER, "one"), mac=MAC)
            served.clock.now += 1
            served.parts.trace.record(said(Step.SILENCE, "two"), mac="02:00:00:00:00:09")
            served.clock.now += 1
            served.parts.trace.record(said(Step.TROUBLE, "three"), peer="192.0.2.9")

            answer = await served.get(f"/api/v1/events{query}")

            assert [each["text"] for each in lines(answer.body)] == texts

    async def test_what_is_no_mac_is_400(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert problem(await served.get("/api/v1/events?mac=x")) == (
                400,
                "mac: 'x' is not a MAC address like 52:54:00:12:34:56",
            )

    async def test_can_be_followed_as_they_happen(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            served.parts.trace.record(said(Step.OFFER, "before"), mac=MAC)
            url = f"{served.url}/api/v1/events?follow=1&host={HOST}"
            async with served.session.get(url) as answer, asyncio.timeout(60):
                heard = [json.loads(await answer.content.readline())["text"]]
                for text, mac in (("mine", MAC), ("another's", "02:00:00:00:00:09"), ("me", MAC)):
                    served.parts.trace.record(said(Step.OFFER, text), mac=mac)
                heard += [json.loads(await answer.content.readline())["text"] for _ in range(2)]

            assert heard == ["before", "mine", "me"]
            await _unfollowed(served)

    async def test_tell_progress_to_those_who_ask_for_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            heard = []
            for query in ("follow=1", "follow=1&progress=1"):
                url = f"{served.url}/api/v1/events?{query}"
                served.parts.trace.record(said(Step.OFFER, query), mac=MAC)
                async with served.session.get(url) as answer, asyncio.timeout(60):
                    while json.loads(await answer.content.readline())["text"] != query:
                        pass
                    what = ImageProgress(part="kernel", sent=7, total=9)
                    served.parts.trace.record(what, mac=MAC)
                    served.parts.trace.record(said(Step.OFFER, f"then {query}"), mac=MAC)
                    heard.append(json.loads(await answer.content.readline()))
                await _unfollowed(served)

            assert [each["code"] for each in heard] == ["test.said", "image.progress"]
            assert heard[1]["data"] == {"part": "kernel", "sent": 7, "total": 9}

    async def test_are_told_no_more_to_who_follows_with_a_token_that_was_revoked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.http.events._HEARTBEAT", 0.05)
        async with serving(tmp_path, to_strangers=True) as served:
            _, secret = await served.parts.tokens.create("ci", Scope.READ, None)
            served.parts.trace.record(said(Step.OFFER, "before"), mac=MAC)
            url, bearer = f"{served.url}/api/v1/events?follow=1", f"Bearer {secret}"
            async with served.session.get(url, headers={"Authorization": bearer}) as answer:
                await answer.content.readline()
                await served.parts.tokens.revoke("ci")
                async with asyncio.timeout(60):
                    rest = await answer.content.read()

            assert rest.strip() == b""
            await _unfollowed(served)

    async def test_are_followed_by_so_many(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(HTTP_FOLLOWERS, "most", 1)
        before = HTTP_FOLLOWERS.times
        async with serving(tmp_path) as served:
            url = f"{served.url}/api/v1/events?follow=1"
            async with served.session.get(url) as follower, served.session.get(url) as refused:
                assert (follower.status, refused.status) == (200, 503)
                assert (await refused.json(content_type=None))["detail"] == (
                    "events: 1 clients follow them already"
                )
                assert (await served.get("/api/v1/events")).status == 200
        assert HTTP_FOLLOWERS.times == before + 1

    @pytest.mark.slow
    async def test_do_not_hold_up_the_end(self, tmp_path: Path) -> None:
        loop = asyncio.get_running_loop()
        async with serving(tmp_path) as served:
            served.parts.trace.record(said(Step.OFFER, "before"), mac=MAC)
            async with served.session.get(f"{served.url}/api/v1/events?follow=1") as answer:
                await answer.content.readline()
                begun = loop.time()
                async with asyncio.timeout(60):
                    await served.server.drain()

                assert loop.time() - begun < 5.0


class TestBrokenFile:
    async def test_a_build_is_listed_although_its_machines_file_has_broken(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            (tmp_path / "machines" / f"{HOST}.yaml").write_text("network: oops\n")

            listed = json.loads((await served.get("/api/v1/machines")).body)
            alone = json.loads((await served.get(f"/api/v1/machines/{HOST}")).body)

        assert [each["build"]["state"] for each in listed["machines"]] == ["pending"]
        assert len(listed["problems"]) == 1
        assert (alone["hostname"], alone["build"]["state"]) == (HOST, "pending")


class TestMetrics:
    async def test_have_labels_of_bounded_sets_only(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            await served.get("/ipxe/00-de-ad-90-74-60")
            await served.get(f"/done/{HOST}/{token}")
            for n, method in enumerate(("PROPFIND", "MKCOL", "PURGE", "SUBSCRIBE")):
                await served.ask(method, f"/nowhere/{n}")
                await served.get(f"/status/host{n}")

            shown = (await served.get("/metrics")).text

            for secret in (token, MAC, "00-de-ad-90-74-60", HOST, "127.0.0.1", "nowhere", "host1"):
                assert secret not in shown
            assert "PURGE" not in shown
            assert (
                'pyxie_http_requests_total{method="other",route="none",status="404"} 4.0' in shown
            )
            assert "pyxie_builds_active 0.0" in shown


class TestOutsiders:
    """Management is closed to them; what a boot needs is open."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", f"/build/{HOST}"),
            ("GET", "/status"),
            ("GET", f"/status/{HOST}"),
            ("GET", "/list"),
            ("GET", "/metrics"),
            ("GET", "/api/v1/machines"),
            ("HEAD", "/api/v1/machines"),
            ("GET", f"/api/v1/machines/{HOST}"),
            ("PUT", f"/api/v1/builds/{HOST}"),
            ("DELETE", f"/api/v1/builds/{HOST}"),
            ("POST", f"/api/v1/builds/{HOST}/done"),
            ("GET", "/api/v1/events"),
        ],
    )
    async def test_are_refused_and_told_the_setting(
        self, tmp_path: Path, method: str, path: str
    ) -> None:
        why = (
            "198.51.100.66 may not manage pyxie without a token, as `pyxie token create NAME` makes"
            " on pyxie's host; or all of its network may, by 'api.allow' in config.yaml"
        )
        async with serving(tmp_path, to_strangers=True) as served:
            answer = await served.ask(method, path)

            assert answer.status == 403
            if method == "HEAD":
                assert answer.body == b""
            elif path.startswith("/api/"):
                assert problem(answer) == (403, why)
            else:
                assert answer.text == f"{why}\n"
            assert served.texts() == [f"refused {method} {path}: {why}"]
            assert served.parts.index.of(HOST) is None

    async def test_are_admitted_with_a_token(self, tmp_path: Path) -> None:
        config = f"{CONFIG}api: {{tokens: [0123456789abcdef]}}\n"
        async with serving(tmp_path, to_strangers=True, config=config) as served:
            answer = await served.ask(
                "PUT", f"/build/{HOST}", Authorization="Bearer 0123456789abcdef"
            )

            assert answer == Answer(200, b"OK")

    async def test_a_token_that_is_no_text_is_wrong_and_no_bug(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        config = f"{CONFIG}api: {{tokens: [0123456789abcdef]}}\n"
        async with serving(tmp_path, to_strangers=True, config=config) as served:
            answer = await served.raw(
                b"GET /status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\r\n"
                b"Connection: close\r\n\r\n"
            )

            assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []

    async def test_forwarded_requests_are_strangers(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.get("/status", X_Forwarded_For="198.51.100.66") == Answer(
                403,
                b"forwarded requests need a token, as `pyxie token create NAME` makes"
                b" on pyxie's host\n",
            )

    async def test_pages_of_other_sites_are_strangers(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.ask("PUT", f"/build/{HOST}", Origin="http://evil.example") == (
                Answer(
                    403,
                    b"a page from http://evil.example may not manage pyxie without a token\n",
                )
            )

    async def test_cannot_write_to_the_terminal_of_who_reads_the_events(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            await served.get("/status/%1b%5d0;owned%07%0aanother%20line%e2%80%ae")

            (told,) = served.texts()
            assert told.startswith(
                "refused GET /status/\\x1b]0;owned\\x07\\nanother line\\u202e: 198.51.100.66 "
            )

    async def test_boot_as_any_machine_does(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            build = await served.parts.builds.begin(plan(served), None)
            mac = "00-de-ad-90-74-60"
            statuses = [
                (await served.get(path)).status
                for path in (
                    "/boot.ipxe",
                    f"/ipxe/{mac}",
                    f"/v1/boot/{mac}",
                    f"/booting/{mac}/{build.token}",
                    f"/template/preseed/{HOST}/{build.token}",
                    f"/done/{HOST}/{build.token}",
                )
            ]

            assert statuses == [200] * 6


def plan(served: Served) -> Build:
    """Return a build of the machine, with all that it inherits."""
    registry = served.parts.machines()
    return served.parts.builds.plan(registry.define(registry.machines[HOST]).machine)


def lines(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in body.splitlines() if line]


async def _unfollowed(served: Served) -> None:

    # It is noticed when the next event is written to it.
    def gone() -> bool:
        served.parts.trace.record(said(Step.BUILD, "after"), mac=MAC)
        return not served.parts.trace._followers

    await eventually(gone)
