"""The screen Waiting: a machine comes while one looks, is adopted, or booted once."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import OnStage
from tests.browser.people import accessible, fits, keyboard_alone
from tests.browser.stage import macs
from tests.dialogue.machine import UEFI_PXE

EMPTY: dict[str, str] = {}
NEW = macs(7)


class TestAMachineThatNoFileKnows:
    async def test_comes_while_one_looks_and_is_adopted(self, onscreen: OnStage) -> None:
        async with onscreen(machines=EMPTY) as site:
            page = await site.visits("/page/waiting")
            await expect(page.locator("#waiting")).to_contain_text("No machine waits.")

            await site.client(7).discovers(UEFI_PXE)
            row = page.locator("#waiting .card").filter(has_text=NEW)
            await expect(row).to_contain_text("x64 UEFI")
            await expect(row).to_contain_text("QEMU, a virtual machine")
            await row.get_by_role("link", name="Adopt, or boot once").click()
            for judge in (accessible(page), fits(page, 360, 1280, 3840), keyboard_alone(page)):
                await judge

            await page.get_by_role("textbox", name="Hostname").fill("web 07")
            with site.people.forgiving("status of 422"):
                await page.get_by_role("button", name="Adopt it").click()
                await expect(page.get_by_role("alert").last).to_contain_text("web 07")
            await expect(page.get_by_role("textbox", name="Hostname")).to_have_value("web 07")
            await accessible(page)
            await page.get_by_role("textbox", name="Hostname").fill("web07.example.org")
            await page.get_by_role("button", name="Adopt it").click()

            await expect(page).to_have_url(f"{site.url}/page/machines/web07.example.org")
            assert site.parts.machines().host_of(NEW) == "web07.example.org"

    async def test_is_booted_once_and_that_is_taken_back(self, onscreen: OnStage) -> None:
        async with onscreen(machines=EMPTY) as site:
            await site.client(7).discovers(UEFI_PXE)
            page = await site.visits(f"/page/waiting/{NEW.replace(':', '-')}")

            await page.get_by_label("System", exact=True).select_option("rescue")
            await expect(page.locator("main")).to_contain_text(f"pyxie boot --mac {NEW} rescue")
            await page.get_by_role("button", name="Boot it once").click()
            await expect(page.locator("main")).to_contain_text("it boots rescue, for 15 min yet")
            await page.get_by_role("button", name="Take that back").click()
            await expect(page.get_by_role("button", name="Boot it once")).to_be_visible()

            assert site.parts.adhoc.all() == ()
