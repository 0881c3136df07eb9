"""What holds for every screen, in every state."""

from __future__ import annotations

from pathlib import Path

from pyxie.http.page.screens import SCREENS
from tests.browser.conftest import OnStage
from tests.browser.people import People, accessible, fits, keyboard_alone, words
from tests.browser.stage import HOST, Stage, onstage
from tests.browser.worlds import BUSY, LONG, busy

EMPTY: dict[str, str] = {}
OVERVIEWS = [each.path for each in SCREENS]
ALL = [
    *OVERVIEWS,
    "/?stuck=1",
    f"/page/machines/{HOST}",
    f"/page/machines/{HOST}?served=preseed",
    f"/page/machines/{HOST}/events",
    f"/page/machines/{HOST}/file",
    "/page/machines/image-failed.example.org",
    "/page/machines/db01.example.org",
    "/page/machines/idle.example.org",
    f"/page/machines/{LONG}",
    "/page/machines/nobody.example.org",
    "/page/images/media/own",
]
"""Of the site where all is at once."""


async def faultless(site: Stage, *paths: str) -> None:
    """Assert that all can use a screen, on whatever they have before them."""
    page = await site.visits(paths[0])
    faults = []
    for path in paths:
        if path != paths[0]:
            await page.goto(path)
        for judge in (accessible(page), fits(page, 360, 1280, 3840), keyboard_alone(page)):
            try:
                await judge
            except AssertionError as exc:
                faults.append(str(exc))
    assert not faults, "\n\n".join(faults)


async def test_can_be_used_by_all_where_there_is_nothing_yet(onscreen: OnStage) -> None:
    async with onscreen(machines=EMPTY) as site:
        await faultless(site, *OVERVIEWS)


async def test_can_be_used_by_all_where_there_is_all_at_once(onscreen: OnStage) -> None:
    async with onscreen(machines=BUSY) as site:
        await busy(site)

        with site.people.forgiving("status of 404"):
            await faultless(site, *ALL)


async def test_can_be_read_with_text_of_twice_the_size(tmp_path: Path, far_sighted: People) -> None:
    async with onstage(tmp_path, far_sighted, machines=BUSY) as site:
        await busy(site)
        with far_sighted.forgiving("status of 404"):
            page = await site.visits("/")
            for path in ALL:
                await page.goto(path)

                await fits(page, 640, 1280)


async def test_can_be_read_without_javascript(onscreen: OnStage) -> None:
    async with onscreen(machines=BUSY) as site:
        await busy(site)
        with site.people.forgiving("status of 404"):
            scripted = await site.visits("/")
            plain = await site.visits("/", java_script_enabled=False)
            for path in ALL:
                await scripted.goto(path)
                await plain.goto(path)

                assert await words(plain) == await words(scripted), path
                dead = plain.locator("button:visible:not(form button, [form])")
                assert await dead.all_inner_texts() == [], path


async def test_the_first_key_leads_past_the_links_to_the_content(onscreen: OnStage) -> None:
    async with onscreen() as site:
        page = await site.visits("/")

        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")

        assert await page.evaluate("() => document.activeElement.id") == "main"
