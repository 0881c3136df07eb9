"""What changes while somebody looks."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import OnStage
from tests.browser.stage import HOST

_GONE = "net::ERR_"
"""What Chromium writes to its console of a connection that broke off, or was refused."""


class TestAScreen:
    async def test_shows_a_build_that_begins_and_ends_without_being_asked_again(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            await expect(page.locator("#boots")).to_contain_text("No machine is being installed")

            token = await site.builds()
            await expect(page.locator("#boots")).to_contain_text(HOST)
            await expect(page.locator("#said")).to_contain_text(HOST)

            await page.request.put(f"/cancel/{HOST}/{token}")
            await expect(page.locator("#boots")).to_contain_text("cancelled")

    async def test_says_that_pyxie_is_gone_and_catches_up_once_it_is_back(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            await expect(page.locator("#boots")).to_contain_text("No machine is being installed")
            with site.people.forgiving(_GONE):
                await site.stop()
                await expect(page.locator("#connection")).to_contain_text("is lost since")

                await site.start()
                await site.builds()

                await expect(page.locator("#boots")).to_contain_text(HOST)
                await expect(page.locator("#connection")).to_be_hidden()
