"""What is sent of the screen Health while it is open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyxie.access.scope import Scope
from pyxie.bounds import HTTP_TOTAL
from pyxie.http.page.healthlive import REGIONS, HealthLive
from pyxie.http.page.viewer import Viewer
from tests.http.page.test_healthview import other
from tests.http.page.test_imagesscreen import words_of
from tests.http.site import Served, _app, serving

WHO = Viewer("this host", Scope.ADMIN)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as served:
        yield served


def live_of(site: Served) -> HealthLive:
    return HealthLive(_app(site.server))


class TestWhatIsNew:
    async def test_is_nothing_while_nothing_happens(self, site: Served) -> None:
        live = live_of(site)

        assert live.watched() == live.watched()

    async def test_is_a_server_that_was_heard(self, site: Served) -> None:
        live = live_of(site)
        before = live.watched()
        site.parts.others.replied(other("192.0.2.9", moment=site.clock.now))

        after = live.watched()

        assert {name for name in REGIONS if after[name] != before[name]} == {"health-servers"}

    async def test_is_a_limit_that_was_reached(self, site: Served) -> None:
        live = live_of(site)
        before = live.watched()
        HTTP_TOTAL.reached()

        after = live.watched()

        assert {name for name in REGIONS if after[name] != before[name]} == {"health-limits"}


class TestRegions:
    async def test_are_each_one_element_that_knows_its_place(self, site: Served) -> None:
        live = live_of(site)
        await live.ready(live.regions())

        made = live.render(live.regions(), WHO)

        assert set(made) == live.regions() == set(REGIONS)
        for name, html in made.items():
            assert html.lstrip().startswith(f'<section id="{name}"')
            assert ' hx-swap-oob="true"' in html

    async def test_are_made_of_what_they_show_alone(self, site: Served) -> None:
        live = live_of(site)
        await live.ready(frozenset(("health-limits",)))

        made = live.render(frozenset(("health-limits",)), WHO)

        assert set(made) == {"health-limits"}
        assert "Limits that were reached" in words_of(made["health-limits"])

    async def test_are_not_made_of_nothing(self, site: Served) -> None:
        assert live_of(site).render(frozenset(REGIONS), WHO) == {}
