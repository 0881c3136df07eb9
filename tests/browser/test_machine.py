"""One machine's screen, in a browser: watched while it boots, its file edited, its builds begun."""

from __future__ import annotations

from playwright.async_api import Page, expect

from pyxie.builds.life import State
from tests.browser.conftest import OnStage
from tests.browser.people import accessible, fits, keyboard_alone
from tests.browser.stage import HOST, Stage, machine

PATH = f"/page/machines/{HOST}"
PRESEED = "d-i passwd/root-password password r00tme\nd-i x/y string {{ params.disk }}\n"


def on_disk(stage: Stage) -> str:
    return (stage.folder / f"machines/{HOST}.yaml").read_text()


async def types(page: Page, text: str) -> None:
    """Write at the end of the field, as somebody does."""
    field = page.get_by_label("YAML")
    await field.press("Control+End")
    await field.press_sequentially(text)


class TestABoot:
    async def test_is_watched_and_cancelled_by_who_began_it(self, onscreen: OnStage) -> None:
        async with onscreen() as stage:
            page = await stage.visits(PATH)
            await page.get_by_role("link", name="Build…").click()
            await expect(page.locator("main")).to_contain_text("all data on /dev/sda is lost")
            await accessible(page)
            await fits(page, 360)
            await page.get_by_role("button", name="Build, and lose what is on its disks").click()
            await expect(page.locator("#machine-head .state")).to_have_text("pending")

            booting = stage.boots()
            await booting.discovers()

            boots = page.locator("#machine-boots")
            await expect(boots).to_contain_text("asked for its boot loader")
            await page.get_by_text("Cancel build 1…").click()
            await page.get_by_role("button", name="Cancel build 1").click()
            await expect(page.locator("#machine-head .state")).to_have_text("cancelled")
            await expect(page.locator("#machine-builds")).to_contain_text("cancelled")
            build = stage.parts.index.of(HOST)
            assert build is not None
            assert build.state is State.CANCELLED


class TestItsFile:
    async def test_is_edited_until_it_is_right(self, onscreen: OnStage) -> None:
        async with onscreen() as stage:
            page = await stage.visits(f"{PATH}/file")
            with stage.people.forgiving("status of 422"):
                await types(page, "tagz: [x]\n")
                await page.get_by_role("button", name="Write it").click()

                alert = page.get_by_role("alert")
                await expect(alert).to_contain_text("did you mean 'tags'?")
                await expect(page.get_by_label("YAML")).to_have_value(f"{machine()}tagz: [x]\n")
            await accessible(page)
            await fits(page, 360, 1280)
            await keyboard_alone(page)
            assert on_disk(stage) == machine()

            await page.get_by_label("YAML").fill(f"{machine()}tags: [x]\n")
            await page.get_by_role("button", name="Write it").click()

            await expect(page).to_have_url(f"{stage.url}{PATH}")
            assert on_disk(stage) == f"{machine()}tags: [x]\n"

    async def test_is_edited_by_two_without_javascript(self, onscreen: OnStage) -> None:
        async with onscreen() as stage:
            first = await stage.visits(f"{PATH}/file")
            second = await stage.visits(f"{PATH}/file", java_script_enabled=False)
            await types(first, "tags: [first]\n")
            await first.get_by_role("button", name="Write it").click()
            await expect(first).to_have_url(f"{stage.url}{PATH}")

            with stage.people.forgiving("status of 412"):
                await second.get_by_label("YAML").fill(f"{machine()}tags: [second]\n")
                await second.get_by_role("button", name="Write it").click()

                theirs = second.get_by_role("region", name="What somebody else wrote")
                await expect(theirs).to_contain_text("tags: [first]")
                await expect(second.get_by_label("YAML")).to_have_value(
                    f"{machine()}tags: [second]\n"
                )
            await fits(second, 360)
            assert on_disk(stage) == f"{machine()}tags: [first]\n"


class TestABrokenFile:
    async def test_is_shown_with_its_mistake_and_mended(self, onscreen: OnStage) -> None:
        broken = f"{machine()}ipmi_password: correct-horse\nkernle: x\n"
        async with onscreen(machines={HOST: broken}) as stage:
            page = await stage.visits(PATH)
            wrong = page.locator("#machine-file .wrong")
            await expect(wrong).to_contain_text("did you mean 'kernel'?")
            await accessible(page)
            assert "correct-horse" not in await page.content()

            await page.get_by_role("link", name="Edit its file…").click()
            field = page.get_by_label("YAML")
            await field.fill((await field.input_value()).replace("kernle: x\n", ""))
            await page.get_by_role("button", name="Write it").click()

            await expect(page).to_have_url(f"{stage.url}{PATH}")
            await expect(wrong).to_have_count(0)
            assert on_disk(stage) == f"{machine()}ipmi_password: correct-horse\n"


class TestWhatItWouldBeServed:
    async def test_is_shown_and_where_it_fails(self, onscreen: OnStage) -> None:
        async with onscreen() as stage:
            stage.writes("templates/preseed.j2", PRESEED)
            page = await stage.visits(PATH)

            await page.get_by_role("link", name="preseed", exact=True).click()
            served = page.locator("#machine-served")
            await expect(served).to_contain_text("templates/preseed.j2:2:1:")
            stage.writes("templates/preseed.j2", PRESEED.replace("{{ params.disk }}", "<b>"))
            await page.get_by_role("link", name="preseed", exact=True).click()

            await expect(served.locator("pre")).to_contain_text("password ***")
            await expect(served.locator("pre")).to_contain_text("string <b>")
            await accessible(page)
