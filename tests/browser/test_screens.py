"""What holds for every screen, in every state."""

from __future__ import annotations

from pyxie.http.page.screens import SCREENS
from tests.browser.conftest import OnStage
from tests.browser.people import accessible, enlarged, fits, keyboard_alone, words
from tests.browser.stage import Stage
from tests.browser.worlds import BUSY, busy

EMPTY: dict[str, str] = {}
OVERVIEWS = [each.path for each in SCREENS]


async def faultless(site: Stage, *paths: str) -> None:
    """Assert that all can use a screen, on whatever they have before them."""
    page = await site.visits(paths[0])
    faults = []
    for path in paths:
        if path != paths[0]:
            await page.goto(path)
        for judge in (
            accessible(page),
            fits(page, 360, 1280, 3840),
            enlarged(page),
            keyboard_alone(page),
        ):
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

        await faultless(site, *OVERVIEWS)


async def test_can_be_read_without_javascript(onscreen: OnStage) -> None:
    async with onscreen(machines=BUSY) as site:
        await busy(site)
        with_it, without = await site.visits("/"), await site.visits("/", java_script_enabled=False)
        for path in OVERVIEWS:
            await with_it.goto(path)
            await without.goto(path)

            assert await words(without) == await words(with_it)
            buttons = without.locator("button:visible:not(form button)")
            assert await buttons.count() == 0, "a button that does nothing without JavaScript"


async def test_the_first_key_leads_past_the_links_to_the_content(onscreen: OnStage) -> None:
    async with onscreen() as site:
        page = await site.visits("/")

        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")

        assert await page.evaluate("() => document.activeElement.id") == "main"
