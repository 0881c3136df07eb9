"""The screen Now, while machines boot and while they stand still."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OnStage
from tests.browser.stage import HOST
from tests.browser.troubles import STANDING, TROUBLES, gets_no_kernel, stand_still, why


def boot_of(page: Page, host: str = HOST) -> Locator:
    """Return the row of a machine."""
    return page.locator(".boot").filter(has_text=host)


async def is_at(page: Page, step: str, host: str = HOST) -> None:
    """Wait until the page shows that a machine has come to a step; it is not loaded anew."""
    at = boot_of(page, host).locator(".track [aria-current=step]")
    await expect(at).to_contain_text(re.compile(rf"^{step}\s"))


class TestAMachineThatBoots:
    async def test_is_followed_from_discover_to_installed(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            await page.evaluate("() => window.stayed = true")
            booting = site.boots()
            await expect(page.locator("#boots")).to_contain_text("No machine is being installed")

            await site.builds()
            await is_at(page, "DISCOVER")
            await booting.discovers()
            await is_at(page, "loader")
            await booting.loads_ipxe()
            await is_at(page, "script")
            await booting.gets_its_script()
            await is_at(page, "kernel")
            await booting.loads("kernel", 0.4)
            await is_at(page, "kernel 40 %")
            bar = boot_of(page).get_by_role("progressbar")
            await expect(bar).to_have_attribute("value", "40")
            await booting.loads("kernel", 0.8)
            await is_at(page, "kernel 80 %")
            await booting.loads("kernel", 1)
            await booting.loads("initrd", 0.5)
            await is_at(page, "initrd 0 50 %")
            await booting.starts_its_installer()
            await is_at(page, "installer")
            await expect(boot_of(page).locator(".state")).to_have_text("installing")
            await booting.is_done()
            await expect(boot_of(page).locator(".state").first).to_have_text("installed")
            await expect(page.locator("#ended")).to_contain_text(HOST)

            assert await page.evaluate("() => window.stayed")


class TestAMachineThatStandsStill:
    async def test_says_why_in_the_words_of_pyxie_why(self, onscreen: OnStage) -> None:
        async with onscreen(machines=STANDING) as site:
            await stand_still(site)

            page = await site.visits("/")

            for code, host in zip(TROUBLES, STANDING, strict=True):
                found = await why(site, host)
                assert (found["code"], found["standing"]) == (code, "stuck")
                said = await boot_of(page, host).inner_text()
                for words in (found["sentence"], found["steps"][0], f"pyxie why {host}"):
                    assert plain(words) in plain(said)

    async def test_is_seen_to_stop_and_to_go_on_while_one_looks(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            await gets_no_kernel(site, HOST, 1)
            trouble = boot_of(page).locator(".notice.is-bad")
            await expect(trouble).to_contain_text("Its kernel cannot be fetched")
            await expect(page.locator("#counts")).to_contain_text("1 stands still")

            site.mirror.lacks(HOST, lacks=False)
            booting = site.boots()
            await booting.discovers()
            await booting.loads_ipxe()
            await booting.gets_its_script()
            await booting.loads("kernel", 0.5)

            await expect(trouble).to_have_count(0)
            await is_at(page, "kernel 50 %")


def plain(words: str) -> str:
    """Return words without what marks some of them, and without how long ago, which differs."""
    return " ".join(re.sub(r"\b\d+ (s|min)\b", "", words.replace("`", "")).split())
