"""Those who have a screen open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from pyxie.bounds import PAGE_LINGERS, PAGES
from pyxie.errors import BusyError
from pyxie.events.event import Event
from pyxie.events.kinds import BuildChanged
from pyxie.events.trace import Trace
from pyxie.http.page.audience import Audience
from pyxie.http.page.live import Live
from pyxie.http.page.serverevents import Place
from pyxie.threads import Pool
from tests.support import eventually

BEGUN = BuildChanged(build=1, state="pending", cause="api")


@dataclass
class Counting(Live):
    """A screen with a region for each machine, which shows how often anything happened to it."""

    rendered: list[frozenset[str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    files: int = 0
    fails: Exception | None = None

    def regions(self) -> frozenset[str]:
        return frozenset(("all",))

    def touched(self, event: Event) -> frozenset[str]:
        if event.host == "broken":
            raise KeyError("broken")
        name = event.host or ""
        self.counts[name] = self.counts.get(name, 0) + 1
        return frozenset((name,))

    def watched(self) -> Mapping[str, Hashable]:
        return {"files": self.files}

    def render(self, regions: frozenset[str], who: object) -> Mapping[str, str]:
        self.rendered.append(regions)
        if self.fails is not None:
            raise self.fails
        return {name: f"<p>{name} {self.counts.get(name, 0)} for {who}" for name in regions}


@dataclass
class Hall:
    """What a test has at hand."""

    trace: Trace
    audience: Audience
    live: Counting

    def happens(self, host: str = "one", times: int = 1) -> None:
        for _ in range(times):
            self.trace.record(BEGUN, host=host)

    @asynccontextmanager
    async def page(
        self, name: str = "now", since: Place | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a page, which stands where it was made, if nothing else is said."""
        stands = since or self.audience.place
        with self.audience.seat((name,), self.live, "me") as show:
            async with aclosing(self.audience.changes(show, stands)) as changes:
                yield changes


@asynccontextmanager
async def hall(lingers: float = 0.0) -> AsyncIterator[Hall]:
    trace = Trace()
    audience = Audience(trace, Pool("screens", most=1), lingers=lingers)
    try:
        yield Hall(trace, audience, Counting())
    finally:
        await audience.drain()


async def heard(page: AsyncIterator[bytes], text: str = "") -> str:
    """Return what a page hears until ``text`` is in it."""
    said = ""
    async with asyncio.timeout(60):
        while not said or text not in said:
            said += (await anext(page)).decode()
    return said


class TestAPage:
    async def test_of_a_screen_that_nobody_had_open_has_all_of_it_at_first(self) -> None:
        async with hall() as it, it.page() as page:
            assert "all 0 for me" in await heard(page)

    async def test_hears_what_changes(self) -> None:
        async with hall() as it, it.page() as page:
            await heard(page)

            it.happens("one")

            await heard(page, "one 1 for me")

    async def test_goes_on_from_where_it_stood(self) -> None:
        async with hall(lingers=60.0) as it:
            async with it.page() as page:
                stood = Place(it.audience.place.epoch, it.audience.place.number)
                await heard(page)
                it.happens("one")
                await heard(page, "one 1")

            async with it.page(since=stood) as page:
                text = await heard(page, "one 1")

            assert "all" not in text
            assert it.live.rendered == [{"all"}, {"one"}]

    async def test_of_an_earlier_start_of_the_daemon_has_all_of_it(self) -> None:
        async with hall() as it, it.page() as other:
            await heard(other)
            async with it.page(since=Place("0", 999)) as page:
                assert "all" in await heard(page)

    async def test_hears_aloud_what_becomes_of_builds(self) -> None:
        async with hall() as it, it.page() as page:
            await heard(page)

            it.happens("one")

            await heard(page, "event: said\ndata: one: ")

    async def test_that_does_not_read_is_given_what_it_lacks_once_it_does(self) -> None:
        async with hall() as it, it.page() as slow, it.page() as quick:
            await heard(slow)
            for at in range(1, 4):
                it.happens("one")
                await heard(quick, f"one {at} ")

            text = await heard(slow, "one ")

            assert re.findall("one [0-9]", text) == ["one 3"]

    async def test_too_many_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PAGES, "most", 1)
        before = PAGES.times
        async with hall() as it, it.page():
            with pytest.raises(BusyError, match="1 are open already"):
                async with it.page():
                    pass

            assert PAGES.times == before + 1

    async def test_is_let_go_at_the_end(self) -> None:
        async with hall() as it, it.page() as page:
            await heard(page)
            waits = asyncio.create_task(heard(page))
            await asyncio.sleep(0)

            await it.audience.drain()

            with pytest.raises(StopAsyncIteration):
                await waits


class TestAScreen:
    async def test_is_rendered_once_for_all_who_look(self) -> None:
        async with hall() as it, it.page() as one, it.page() as two, it.page("other") as third:
            await heard(one)  # the second was made of what it has
            await heard(third)
            it.live.rendered.clear()

            it.happens("one", times=50)
            for page in (one, two, third):
                await heard(page, "one 100 ")  # by two screens

            assert it.live.rendered == [{"one"}, {"one"}]  # of two screens

    async def test_is_rendered_two_rows_at_a_time_for_others_have_the_processor_between(
        self,
    ) -> None:
        async with hall() as it, it.page() as page:
            await heard(page)
            it.live.rendered.clear()

            for host in ("a", "b", "c"):
                it.happens(host)
            it.live.files += 1  # a list, of which the screen consists, is no row
            await heard(page, "c 1")

            rows = [each for each in it.live.rendered if "files" not in each]
            assert [sorted(each) for each in rows] == [["a", "b"], ["c"]]

    async def test_that_takes_long_is_sent_as_far_as_it_is_ready(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.http.page.audience._SENT", 0.0)
        async with hall() as it, it.page() as page:
            await heard(page)

            for host in ("a", "b", "c"):
                it.happens(host)

            assert "c 1" not in await heard(page, "a 1")
            await heard(page, "c 1")

    async def test_changes_without_an_event_too(self) -> None:
        async with hall() as it, it.page() as page:
            await heard(page)

            it.live.files += 1

            assert "files" in await heard(page)

    async def test_that_cannot_be_rendered_is_told_of_and_tried_again(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.http.page.audience._FAILED", 0.1)
        async with hall() as it, it.page() as page:
            it.live.fails = ValueError("no such template")
            hears = asyncio.create_task(heard(page, "all"))
            await eventually(lambda: len(it.live.rendered) > 2)
            it.live.fails = None

            await hears

        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "no such template" in caplog.text

    async def test_that_finds_no_thread_is_tried_again_without_a_traceback(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.http.page.audience._FAILED", 0.1)
        async with hall() as it, it.page() as page:
            it.live.fails = BusyError("the screens", "too many")
            hears = asyncio.create_task(heard(page, "all"))
            await eventually(lambda: len(it.live.rendered) > 1)
            it.live.fails = None

            await hears

        assert [record.exc_info for record in caplog.records] == [None]

    async def test_that_fails_on_an_event_does_not_keep_others_from_it(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with hall() as it, it.page() as page:
            await heard(page)

            it.happens("broken")
            it.happens("one")

            await heard(page, "one 1")
        assert "KeyError" in caplog.text

    async def test_of_which_too_much_has_happened_at_once_is_sent_whole(self) -> None:
        async with hall() as it, it.page() as page:
            await heard(page)

            it.happens("one", times=1000)

            await heard(page, "all")


class TestWithoutAPage:
    async def test_nothing_is_followed_and_nothing_runs(self) -> None:
        before = PAGE_LINGERS.times
        async with hall() as it:
            assert it.trace.followed == 0
            async with it.page() as page:
                await heard(page)
                assert it.trace.followed == 1

            await eventually(lambda: it.trace.followed == 0)

            assert it.audience._shows == {}
            assert it.audience.pages == 0
        assert PAGE_LINGERS.times == before + 1

    async def test_a_screen_that_was_left_is_followed_for_a_moment_and_not_rendered(self) -> None:
        async with hall(lingers=60.0) as it:
            async with it.page() as page:
                await heard(page)
                stood = it.audience.place
            it.live.rendered.clear()
            it.happens("one")
            await eventually(lambda: it.live.counts == {"one": 1})
            assert it.live.rendered == []

            async with it.page(since=stood) as page:
                await heard(page, "one 1")

    async def test_of_screens_that_were_left_as_many_are_kept_as_can_be_open(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(PAGES, "most", 2)
        async with hall(lingers=60.0) as it:
            for name in ("a", "b", "c"):
                async with it.page(name):
                    pass

            assert list(it.audience._shows) == [("b",), ("c",)]
