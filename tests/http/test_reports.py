"""A machine's report that it boots, answered at once."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from pyxie.builds.life import State
from pyxie.events.kinds import Booting
from pyxie.http.awaited import Awaited
from tests.http.site import HOST, MAC, Served, serving
from tests.http.test_atonce import DASHED, line
from tests.support import eventually

USUAL = "Cookie: a=1\r\n"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[Awaited]:
    """What was answered at once, but for something that was waited for."""
    seen: list[Awaited] = []
    begin = Awaited.begin

    def noting(self: Awaited, *args: object) -> bool:
        seen.append(self)
        return begin(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Awaited, "begin", noting)
    return seen


async def report(served: Served) -> str:
    token = await served.build()
    async with line(served) as one:  # so that the head is known
        for more in ("", "Connection: close\r\n"):
            await one.ask("/ipxe/02-00-00-00-00-01", more)
    return f"/booting/{DASHED}/{token}?sb=01"


class TestAReport:
    @pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
    async def test_is_answered_as_usual(
        self, tmp_path: Path, at_once: list[Awaited], more: str
    ) -> None:
        async with serving(tmp_path) as served:
            path = await report(served)
            answers = []
            for each in (more + USUAL, more, more):
                async with line(served) as one:
                    answers.append(await one.ask(path, each))

        assert answers[0] == answers[1] == answers[2]
        assert answers[0][1] == b"# booting\n"
        assert len(at_once) == 2

    @pytest.mark.parametrize("more", [USUAL, ""])
    async def test_leaves_the_same_traces(
        self, tmp_path: Path, at_once: list[Awaited], more: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            path = await report(served)
            with caplog.at_level(logging.INFO, "pyxie.access"):
                caplog.clear()
                await one.ask(path, more)
                await asyncio.sleep(0.01)
            events = served.parts.trace.recent(host=HOST)
            [booting] = [each for each in events if isinstance(each.what, Booting)]
            active = served.parts.index.active(HOST)
            assert active is not None
            stored = await served.ask("GET", f"/api/v1/machines/{HOST}")
            text = served.parts.metrics.text().decode()
            secure_boot = str(served.parts.secure_boot.of(MAC))

        assert len(at_once) == (not more)
        assert (booting.mac, booting.peer) == (MAC, "127.0.0.1")
        assert (active.state, active.mac) == (State.INSTALLING, MAC)
        assert b'"booting"' in stored.body
        assert secure_boot == "on"
        lines = [each.getMessage() for each in caplog.records if each.name == "pyxie.access"]
        said = [each.rpartition(",")[0] for each in lines]
        assert said == [f'127.0.0.1 "GET /booting/{DASHED}/***" 200']
        route = 'method="GET",route="/booting/{mac}/{token}",status="200"'
        assert f"pyxie_http_requests_total{{{route}}} 1.0" in text

    async def test_by_another_token_is_refused_as_usual(
        self, tmp_path: Path, at_once: list[Awaited]
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            path = await report(served)
            for wrong in (
                f"/booting/{DASHED}/no",
                "/booting/no/no",
                path.replace("sb=01", "sb=77"),
            ):
                assert await one.ask(wrong) == await one.ask(wrong, USUAL)

        assert at_once == []

    async def test_is_waited_for_at_the_end(
        self, tmp_path: Path, at_once: list[Awaited], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            path, may = await report(served), asyncio.Event()

            async def late(*_: object) -> None:
                await may.wait()

            monkeypatch.setattr(served.parts.builds, "installing", late)
            one.send(path)
            await eventually(lambda: bool(at_once))
            asyncio.get_running_loop().call_later(0.1, may.set)

            await served.server.drain()

            assert (await one.reader.read()).endswith(b"# booting\n")

    async def test_whose_end_cannot_be_waited_for_ends_the_connection(
        self, tmp_path: Path, at_once: list[Awaited], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(tmp_path) as served, line(served) as one:
            path = await report(served)

            async def broken(*_: object) -> None:
                raise ZeroDivisionError

            monkeypatch.setattr(served.parts.builds, "installing", broken)
            one.send(path)

            assert await one.reader.read() == b""
            assert len(at_once) == 1
