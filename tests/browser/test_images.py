"""The screens Images and Health, as people use them."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from pyxie.bounds import HTTP_TOTAL
from pyxie.imagestore.entry import Entry
from tests.browser.conftest import OnStage
from tests.browser.people import accessible, fits, keyboard_alone
from tests.browser.stage import Stage
from tests.dialogue.boot import CONFIG
from tests.http.upstream import mirror
from tests.media.isos import UNKNOWN, made
from tests.support import eventually

KERNEL = b"k" * 5_000_000
OWN = "version: 1\ntitle: Our own\nunverified: true\nkernel: {}/linux\n"
HOSTILE = "<img src=x onerror=alert(1)>" + "a" * 200


def own(folder: Path, url: str) -> None:
    """Write a recipe of one file of another server's."""
    (folder / "recipes").mkdir()
    (folder / "recipes/own.yaml").write_text(OWN.format(url))


async def usable(page: Page) -> None:
    """Assert that all can use a screen, on whatever they have before them."""
    await accessible(page)
    await fits(page, 360, 1280, 3840)
    await keyboard_alone(page)


def full(site: Stage) -> str:
    """Fill the store with what a hostile server may call its files; return the key of one."""
    kept = site.parts.image_store.cache._entries
    for at in range(150):
        key = f"{at:064x}"
        url = f"http://mirror.example/{HOSTILE}/{at}"
        kept[key] = Entry(key=key, url=url, digest=key, size=at * 10**7, verified=HOSTILE)
    return f"{7:064x}"


async def test_a_fetch_is_seen_as_it_goes_is_cancelled_and_begun_again(
    onscreen: OnStage, tmp_path: Path
) -> None:
    async with mirror({"linux": ("late", KERNEL)}) as there:
        own(tmp_path, there.url)
        there.may.clear()
        async with onscreen(config=CONFIG) as site:
            page = await site.visits("/page/images")
            coming = page.locator("#images-coming")
            row = page.locator(
                "#images-systems tr", has=page.get_by_role("button", name="Fetch own amd64")
            )
            await expect(row).to_contain_text("not on disk")

            await row.get_by_role("button", name="Fetch own amd64").click()
            await expect(coming).to_contain_text("fetching")
            await expect(row).to_contain_text("on its way")
            await coming.get_by_role("button", name="Cancel the fetch of").click()
            await expect(coming).to_contain_text("was cancelled")
            await expect(page.locator("#notices")).to_contain_text("is fetched no further")

            await row.get_by_role("button", name="Fetch own amd64").click()
            await eventually(lambda: len(there.asked) == 2)
            there.may.set()
            await expect(coming).to_contain_text("5.0 MB of 5.0 MB")
            await expect(row).to_contain_text("on disk")
            await expect(page.locator("#images-store")).to_contain_text("1 file of other servers")


async def test_its_parts_are_one_press_away(onscreen: OnStage) -> None:
    async with onscreen(config=CONFIG) as site:
        page = await site.visits("/page/images")
        media = page.get_by_role("heading", name="ISO images")
        await expect(media).not_to_be_in_viewport()

        await page.get_by_role("link", name="ISO images").click()

        await expect(media).to_be_in_viewport()
        await accessible(page)
        await fits(page, 360, 1280, 3840)


async def test_a_full_store_can_be_used_by_all_and_starts_no_script(
    onscreen: OnStage, tmp_path: Path
) -> None:
    async with onscreen(config=CONFIG) as site:
        key = full(site)
        page = await site.visits("/page/images?order=size")
        await expect(page.locator("#images-copies")).to_contain_text("150 files, page 1 of 2")
        await page.get_by_role("link", name="Next").click()
        await expect(page.locator("#images-copies")).to_contain_text("page 2 of 2")
        await page.goto("/page/images?q=/14")
        await accessible(page)
        await fits(page, 360, 1280, 3840)

        await page.goto(f"/page/images/copies/{key}")
        await usable(page)
        await page.get_by_role("button", name="Pin", exact=True).click()
        await expect(page.locator("#copy")).to_contain_text("It is kept until it is unpinned.")
        await page.get_by_role("button", name="Unpin", exact=True).click()
        await page.get_by_role("button", name="Remove it", exact=True).click()
        await expect(page.locator("h1")).to_have_text("Images")
        assert key not in site.parts.image_store.cache._entries


async def test_an_unknown_image_is_confirmed(onscreen: OnStage, tmp_path: Path) -> None:
    async with onscreen(config=CONFIG) as site:
        (tmp_path / "isos").mkdir(exist_ok=True)
        await site.parts.media.add(made(tmp_path / "isos/own.iso", UNKNOWN))
        await site.parts.media.refresh()
        page = await site.visits("/page/images")
        await page.get_by_role("link", name="Say what it boots").click()
        await usable(page)

        await page.get_by_label("What the kernel is passed").first.fill("console=ttyS0")
        await page.get_by_role("button", name="Boot this").first.click()

        await expect(page.locator("main")).to_contain_text("ready by os: own")
        assert "cmdline: console=ttyS0" in (tmp_path / "recipes/own.yaml").read_text()


async def test_health_tells_of_a_limit_while_it_is_open(onscreen: OnStage) -> None:
    async with onscreen(machines={"broken": "kernle: linux\n"}) as site:
        page = await site.visits("/page/health")
        await expect(page.locator("#health-problems")).to_contain_text("broken.yaml:1:1")

        HTTP_TOTAL.reached()

        await expect(page.locator("#health-limits")).to_contain_text("http_total")
        await usable(page)
