"""What changes on a screen, as server-sent events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from pyxie.bounds import PAGES
from pyxie.events.event import Event
from pyxie.events.kinds import BuildChanged
from pyxie.http.page.live import Live
from pyxie.http.page.subscription import subscription
from pyxie.http.page.viewer import Viewer
from pyxie.http.parts import GATE, INDEX
from tests.http.site import HOST, OutsidersGate, Served, _app, serving

NOW = "/page/stream?screen=now"


class Boots(Live):
    """A screen of one region, with the machines in build mode."""

    def __init__(self, request: web.Request) -> None:
        assert not request.query.keys() & {"screen", "since"}
        self._index = request.app[INDEX]
        self._shown = ""

    def regions(self) -> frozenset[str]:
        return frozenset(("boots",))

    def touched(self, event: Event) -> frozenset[str]:
        return self.regions() if isinstance(event.what, BuildChanged) else frozenset()

    async def ready(self, regions: frozenset[str]) -> None:
        self._shown = ", ".join(build.host for build in self._index.active_now())

    def render(self, regions: frozenset[str], who: Viewer) -> Mapping[str, str]:
        return {"boots": f'<section id="boots">{self._shown} for {who.name}</section>'}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyxie.http.page.stream.LIVES", {"now": Boots})


@asynccontextmanager
async def opened(
    served: Served, path: str = NOW, **headers: str
) -> AsyncIterator[aiohttp.StreamReader]:
    """Open a stream, whose first event is how long to wait before it is opened again."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with served.session.get(served.url + path, headers=named) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert await event(answer.content) == "retry: 2000\n\n"
        yield answer.content


async def event(stream: aiohttp.StreamReader) -> str:
    """Return the next event."""
    async with asyncio.timeout(60):
        return (await stream.readuntil(b"\n\n")).decode()


def stands(text: str) -> str:
    found = re.search("^id: (.*)$", text, re.MULTILINE)
    assert found is not None
    return found[1]


class TestAStream:
    async def test_puts_regions_in_place_as_they_change(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served, opened(served) as stream:
            assert 'id="boots"' in await event(stream)

            await served.build()

            text = ""
            while "<template>" not in text:  # it is said, too
                text = await event(stream)
            assert HOST in text
            assert "<template><section" in text
            assert 'hx-swap-oob="true"' in text

    async def test_goes_on_after_the_event_that_the_browser_had_last(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            async with opened(served) as stream:
                first = stands(await event(stream))
                await served.build()
                last = stands(await event(stream))

            # Its URL has where the page stood when it was made; the browser knows better.
            async with opened(served, f"{NOW}&since=0-0", Last_Event_ID=first) as stream:
                assert stands(await event(stream)) >= last
            async with opened(served, f"{NOW}&since={first}") as stream:
                assert stands(await event(stream)) >= last

    async def test_begins_where_its_page_was_made(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served, opened(served) as other:
            await event(other)
            request = make_mocked_request("GET", "/", app=_app(served.server))
            url = subscription(request, "now")

            async with opened(served, url) as stream:
                await served.build()

                assert HOST in await event(stream)

    @pytest.mark.parametrize("last", ["0-0", "\xff", "-", "9" * 999, "0-99999999999999999999"])
    async def test_begins_anew_where_it_is_told_what_is_no_place(
        self, tmp_path: Path, last: str
    ) -> None:
        async with serving(tmp_path) as served, opened(served, Last_Event_ID=last) as stream:
            assert 'id="boots"' in await event(stream)

    async def test_of_no_screen_is_not_found(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get("/page/stream?screen=%1b[31m")

            assert answer.status == 404

    async def test_is_refused_where_too_many_are_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(PAGES, "most", 1)
        async with serving(tmp_path) as served, opened(served):
            assert (await served.get(NOW)).status == 503

    async def test_is_for_those_who_may_look(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            assert (await served.get(NOW)).status == 403

    async def test_ends_once_its_reader_may_look_no_more(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.http.page.stream.BEATS", 0.0)
        async with serving(tmp_path) as served, opened(served) as stream:
            await event(stream)
            api = served.parts.settings().api
            gate = OutsidersGate(api, lambda _: False)
            _app(served.server)._state[GATE] = lambda: gate

            next(iter(served.parts.audience._shows.values())).hub.lose()

            assert await stream.read() == b""

    async def test_beats_while_nothing_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.http.page.show.BEATS", 0.05)
        async with serving(tmp_path) as served, opened(served) as stream:
            while (text := await event(stream)) != "event: beat\ndata:\n\n":
                assert 'id="boots"' in text

    async def test_does_not_hold_up_the_end(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served, opened(served) as stream:
            await event(stream)

            await served.parts.audience.drain()

            assert await stream.read() == b""
