"""What is sent of the screen Images while it is open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyxie.access.scope import Scope
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.events.kinds import StoreFailed, StoreFetched, StoreProgress, TokenRefused
from pyxie.http.page.imageslive import REGIONS, ImagesLive
from pyxie.http.page.viewer import Viewer
from tests.http.page.test_imagesscreen import words_of
from tests.http.site import Served, _app
from tests.http.test_images import BOOTS, call, fetched, of_mirror
from tests.http.upstream import Mirror, mirror
from tests.support import eventually

WHO = Viewer("this host", Scope.ADMIN)


@pytest.fixture
async def there() -> AsyncIterator[Mirror]:
    async with mirror(BOOTS) as found:
        yield found


@pytest.fixture
async def site(tmp_path: Path, there: Mirror) -> AsyncIterator[Served]:
    async with of_mirror(tmp_path, there) as served:
        yield served


def live_of(site: Served) -> ImagesLive:
    return ImagesLive(_app(site.server), "")


def event(what: Kind) -> Event:
    return Event(at=1.0, what=what)


class TestAnEvent:
    @pytest.mark.parametrize(
        ("what", "regions"),
        [
            (StoreProgress(source="x", there=1, total=2), {"images-coming"}),
            (
                StoreFetched(source="x", size=2, verified=""),
                {"images-coming", "images-systems", "images-store"},
            ),
            (
                StoreFailed(source="x", why="y"),
                {"images-coming", "images-systems", "images-store"},
            ),
            (TokenRefused(path="/x"), set()),
        ],
    )
    async def test_touches_what_looks_different_by_it(
        self, site: Served, what: Kind, regions: set[str]
    ) -> None:
        assert live_of(site).touched(event(what)) == regions

    async def test_is_said_when_a_fetch_has_ended(self, site: Served) -> None:
        live = live_of(site)

        assert live.said(event(StoreProgress(source="x", there=1, total=2))) is None
        assert "y" in (live.said(event(StoreFailed(source="x", why="y"))) or "")


class TestWhatMakesNoEvent:
    async def test_is_seen_all_the_same(self, site: Served, there: Mirror) -> None:
        live = live_of(site)
        before = live.watched()
        there.may.clear()
        await call(site, "POST", "images/fetch", {"what": [f"{there.url}/linux"]})
        await eventually(lambda: there.asked)

        during = live.watched()
        there.may.set()
        await eventually(site.parts.image_store.cache.entries)
        (entry,) = site.parts.image_store.cache.entries()
        after = live.watched()
        await site.parts.image_store.cache.pin(entry.key)

        assert {name for name in REGIONS if during[name] != before[name]} == {"images-coming"}
        assert after["images-store"] != during["images-store"]
        assert after["images-systems"] != during["images-systems"]
        assert live.watched()["images-store"] != after["images-store"]


class TestRegions:
    async def test_are_each_one_element_that_knows_its_place(self, site: Served) -> None:
        live = live_of(site)
        await live.ready(live.regions())

        made = live.render(live.regions(), WHO)

        assert set(made) == live.regions() == set(REGIONS)
        for name, html in made.items():
            assert html.lstrip().startswith(f'<section id="{name}"')
            assert html.rstrip().endswith("</section>")
            assert ' hx-swap-oob="true"' in html

    async def test_show_how_far_a_fetch_is(self, site: Served) -> None:
        await fetched(site)
        live = live_of(site)
        await live.ready(frozenset(("images-coming",)))

        (html,) = live.render(frozenset(("images-coming",)), WHO).values()

        assert "kernel fetched 5 kB of 5 kB 100 %" in words_of(html)

    async def test_are_not_made_of_nothing(self, site: Served) -> None:
        assert live_of(site).render(frozenset(REGIONS), WHO) == {}


class TestTheStream:
    async def test_sends_what_is_fetched(self, site: Served, there: Mirror) -> None:
        url = f"{site.url}/page/stream?screen=images"
        async with site.session.get(url) as answer:
            assert answer.status == 200
            begun = call(site, "POST", "images/fetch", {"what": [f"{there.url}/linux"]})
            status, _ = await begun
            assert status == 202
            said = b""
            async for line in answer.content:
                said += line
                if b"5 kB of 5 kB" in said and b'id="images-coming"' in said:
                    break
