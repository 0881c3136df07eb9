"""The screen Machines in a browser: filtered, ordered, and several machines built at once."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.conftest import OnStage
from tests.browser.people import accessible, fits
from tests.browser.stage import Stage, machine

PATH = "/page/machines"
RACK = {f"web{at:02}.example.org": machine(at) for at in range(1, 4)} | {
    "db01.example.org": machine(9),
    "broken": "kernle: linux\n",
}
WEB = ["web01.example.org", "web02.example.org", "web03.example.org"]


async def hosts(page: Page) -> list[str]:
    return await page.locator("#machines tbody th a").all_inner_texts()


def building(site: Stage) -> list[str]:
    return sorted(each.host for each in site.parts.index.active_now())


class TestTheList:
    async def test_is_filtered_as_one_types_and_its_address_says_so(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen(machines=RACK) as site:
            page = await site.visits(PATH)

            await page.get_by_label("Hostname or MAC").press_sequentially("web")
            await expect(page.locator("#machines tbody tr")).to_have_count(3)
            await expect(page).to_have_url(f"{site.url}{PATH}?name=web")
            await expect(page.get_by_label("Hostname or MAC")).to_be_focused()
            await page.get_by_role("combobox", name="Order").select_option("-hostname")
            await expect(page.locator("#machines tbody th a").first).to_have_text(WEB[-1])
            await page.reload()

            assert await hosts(page) == WEB[::-1]

    async def test_is_read_filtered_and_ordered_without_a_script(self, onscreen: OnStage) -> None:
        async with onscreen(machines=RACK) as site:
            page = await site.visits(PATH, java_script_enabled=False)

            await page.get_by_label("Hostname or MAC").fill("web*")
            await page.get_by_role("button", name="Show").click()

            assert page.url == f"{site.url}{PATH}?name=web*"
            assert await hosts(page) == WEB
            await page.get_by_role("columnheader", name="Machine").get_by_role("link").click()
            assert await hosts(page) == WEB[::-1]

    async def test_has_a_group_of_usual_length_on_one_line(self, onscreen: OnStage) -> None:
        async with onscreen(machines=RACK) as site:
            page = await site.visits(PATH)
            await page.set_viewport_size({"width": 880, "height": 900})

            lines = await page.evaluate(
                "() => { const all = [...document.querySelectorAll('#machines td.names')];"
                " const it = document.createRange();"
                " it.selectNodeContents(all.find(each => each.innerText == 'example.org'));"
                " return it.getClientRects().length; }"
            )

            assert lines == 1
            await fits(page, 760, 960, 1000, 1280)

    async def test_changes_while_one_looks_and_no_row_moves(self, onscreen: OnStage) -> None:
        async with onscreen(machines=RACK) as site:
            page = await site.visits(f"{PATH}?order=state")
            await page.get_by_role("checkbox", name=WEB[0]).check()
            before = await hosts(page)
            row = page.get_by_role("row", name=WEB[2])
            await expect(row).to_contain_text("never built")

            await site.builds(WEB[2])
            await expect(row).to_contain_text("pending")
            await expect(page.locator("#machine-states")).to_contain_text("in build mode 1")

            assert await hosts(page) == before
            await expect(page.get_by_role("checkbox", name=WEB[0])).to_be_checked()
            await page.get_by_label("Hostname or MAC").press_sequentially("web")
            await expect(page.locator("#machines tbody tr")).to_have_count(3)
            await site.builds(WEB[1])
            row = page.get_by_role("row", name=WEB[1])
            await expect(row).to_contain_text("pending")


class TestSeveral:
    async def test_are_built_by_keyboard_after_it_was_said_what_they_lose(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen(machines=RACK) as site:
            page = await site.visits(f"{PATH}?name=web")

            for host in WEB[:2]:
                await page.get_by_role("checkbox", name=host).focus()
                await page.keyboard.press("Space")
            await page.get_by_role("button", name="Build…").focus()
            await page.keyboard.press("Enter")

            await expect(page.get_by_role("heading", level=1)).to_have_text("Build 2 machines?")
            wiped = page.get_by_text("2 disks of 2 machines will be wiped")
            await expect(wiped).to_be_visible()
            await expect(page.get_by_text(f"pyxie build {' '.join(WEB[:2])}")).to_be_visible()
            assert building(site) == []
            await accessible(page)
            await fits(page, 360, 1280)
            await page.get_by_role("button", name="Build 2 machines").focus()
            await page.keyboard.press("Enter")
            title = page.get_by_role("heading", level=1)
            await expect(title).to_have_text("2 machines are in build mode")
            assert building(site) == WEB[:2]
            await accessible(page)
            await page.get_by_role("link", name="Back to the machines").click()
            await expect(page).to_have_url(f"{site.url}{PATH}?name=web")

    async def test_are_pressed_by_two_people_at_once_and_built_once(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen(machines=RACK) as site:
            pages = [await site.visits(f"{PATH}?name=web") for _ in range(2)]
            for page in pages:
                await page.get_by_role("checkbox", name="all 3 that fit").check()
                await page.get_by_role("button", name="Build…").click()
                await expect(page.get_by_role("button", name="Build 3 machines")).to_be_visible()

            for page in pages:
                await page.get_by_role("button", name="Build 3 machines").click()

            title = pages[0].get_by_role("heading", level=1)
            await expect(title).to_have_text("3 machines are in build mode")
            title = pages[1].get_by_role("heading", level=1)
            await expect(title).to_have_text("0 machines are in build mode")
            await expect(pages[1].get_by_text("it is in build mode already")).to_have_count(3)
            assert sorted(each.number for each in site.parts.index.active_now()) == [1, 2, 3]

    async def test_are_removed_after_their_files_were_named(self, onscreen: OnStage) -> None:
        async with onscreen(machines=RACK) as site:
            page = await site.visits(f"{PATH}?name=web")
            await page.get_by_role("checkbox", name=WEB[0]).check()

            await page.get_by_role("button", name="Remove…").click()

            await expect(page.get_by_text(f"{WEB[0]}.yaml, 7 lines")).to_be_visible()
            await page.get_by_role("button", name="Remove 1 machine").click()
            title = page.get_by_role("heading", level=1)
            await expect(title).to_have_text("1 machine is removed")
            assert not (site.folder / f"machines/{WEB[0]}.yaml").exists()
