"""What changes while somebody looks."""

from __future__ import annotations

from playwright.async_api import expect

from pyxie.http.page.serverevents import place
from tests.browser.conftest import OnStage
from tests.browser.stage import HOST, Stage
from tests.support import eventually

_GONE = "net::ERR_"
"""What Chromium writes to its console of a connection that broke off, or was refused."""


async def follows(site: Stage) -> None:
    """Wait until the page hears what changes: what was said aloud before, it does not."""
    shows = site.parts.audience._shows
    await eventually(lambda: any(show.hub.whole for show in shows.values()))


class TestAScreen:
    async def test_shows_a_build_that_begins_and_ends_without_being_asked_again(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            await expect(page.locator("#boots")).to_contain_text("No machine is being installed")

            await follows(site)
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

    async def test_comes_back_with_the_last_event_that_it_had(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            await site.builds()
            await expect(page.locator("#boots")).to_contain_text(HOST)
            with site.people.forgiving(_GONE):
                await site.stop()
                async with page.expect_request("**/page/stream?*") as coming:
                    await site.start()

            request = await coming.value
            told = (await request.all_headers()).get("last-event-id", "")
            assert place(told) is not None
            assert told not in request.url  # which has where the page stood when it was made


class TestWhatIsInUse:
    async def test_is_left_alone_until_it_is_not(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            await follows(site)
            await page.evaluate(
                "document.getElementById('boots').append(document.createElement('input'))"
            )
            field = page.locator("#boots input")
            await field.fill("half a word")

            await site.builds()
            await expect(page.locator("#said")).to_contain_text(HOST)
            await expect(page.locator("#ended")).to_be_attached()
            assert await field.input_value() == "half a word"
            await expect(field).to_be_focused()
            await page.evaluate("document.activeElement.blur()")

            await expect(page.locator("#boots")).to_contain_text(HOST)
