"""What holds for every screen, in every state."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from pyxie.http.page.screens import SCREENS
from pyxie.operations import operations
from tests.browser.conftest import OnStage
from tests.browser.people import People, accessible, fits, keyboard_alone, words
from tests.browser.stage import HOST, Stage, macs, onstage
from tests.browser.worlds import BUSY, LONG, UNKNOWN, busy

EMPTY: dict[str, str] = {}
OVERVIEWS = [each.path for each in SCREENS]
ALL = [
    *OVERVIEWS,
    "/?stuck=1",
    f"/page/machines/{HOST}",
    f"/page/machines/{HOST}?served=preseed",
    f"/page/machines/{HOST}/events",
    f"/page/machines/{HOST}/file",
    f"/page/machines/{HOST}/build",
    f"/page/waiting/{macs(UNKNOWN).replace(':', '-')}",
    "/page/sign-in",
    "/page/machines/image-failed.example.org",
    "/page/machines/db01.example.org",
    f"/page/machines/{LONG}",
    "/page/machines/nobody.example.org",
    "/page/images/media/own",
]
"""Of the site where all is at once."""


UNSEEN = {
    "/page/assets/{name}": "a file",
    "/page/stream": "what changes on a screen",
    "/page/machines/{hostname}/log": "is of a build that failed",
    "/page/images/copies/{image}": "is of a store, of which there is none",
}
"""What is no screen, or is looked at elsewhere."""


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


def test_none_is_left_out() -> None:
    paths = {each.path for each in operations(waitron_api=3) if each.method == "GET"}
    screens = {each for each in paths if each.startswith("/page/")} - set(UNSEEN)
    seen = [urlsplit(each).path for each in ALL]

    left = [
        each
        for each in screens
        if not any(re.fullmatch(re.sub("{[^}]+}", "[^/]+", each), one) for one in seen)
    ]

    assert left == []


async def test_can_be_read_without_javascript(onscreen: OnStage) -> None:
    async with onscreen(machines=BUSY) as site:
        await busy(site)
        with site.people.forgiving("status of 404"):
            scripted = await site.visits("/")
            plain = await site.visits("/", java_script_enabled=False)
            for path in (*OVERVIEWS, f"/page/machines/{HOST}", f"/page/machines/{HOST}/events"):
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
