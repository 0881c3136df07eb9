"""What surrounds every screen, in a browser."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from playwright.async_api import Page, expect

from pyxie.http.page.spokentimes import ago, since
from tests.browser.conftest import OnStage
from tests.browser.stage import QUIET

CONFIG = f"{QUIET}api: {{names: [pyxie.example]}}\n"
PASSED = (125, 600, 3_000, 7_260, 40_000, 100_000, 180_000, 900_000)
"""Seconds, none of them near to where the words change."""
PRESSED = "() => htmx.ajax('POST', '/page/nothing', {target: '#main'}).catch(() => null)"
"""As a form does, whatever forms there are."""
SAID = """([class_, times]) => times.map(at => {
    const time = document.createElement("time");
    time.className = class_;
    time.dateTime = at;
    document.querySelector("main").append(time);
    document.dispatchEvent(new CustomEvent("htmx:load", {detail: {elt: time}}));
    return time.textContent;
})"""


def written(at: float) -> str:
    """Return a time as templates write it for programs."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def pasted(page: Page) -> str:
    """Return what comes of Ctrl-V."""
    await page.evaluate(
        """() => {
            const field = document.createElement("textarea");
            field.id = "pasted";
            document.querySelector("main").append(field);
            field.focus();
        }"""
    )
    await page.keyboard.press("Control+V")
    return await page.locator("#pasted").input_value()


class TestTimes:
    async def test_are_the_readers_own_and_counted_on_by_the_servers_clock(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen() as site:
            with site.ago(200):
                await site.builds()
            page = await site.people.comes(site.url, timezone_id="Asia/Kolkata")
            await page.clock.set_fixed_time(time.time() - 40 * 86_400)  # the reader's is wrong
            await page.goto("/")
            told = page.locator("time.since").first

            await expect(told).to_have_text("3 min")
            assert "GMT+5:30" in (await told.get_attribute("title") or "")
            # What the script says is what the server says.
            now = float(await page.evaluate("() => document.documentElement.dataset.now"))
            times = [written(now - passed) for passed in PASSED]
            ours = [ago(now - passed, now).said for passed in PASSED]
            assert await page.evaluate(SAID, ["ago", times]) == ours
            ours = [since(now - passed, now).said for passed in PASSED]
            assert await page.evaluate(SAID, ["since", times]) == ours


COPIES = "Copy the command pyxie build HOST"
COPY = """label => {
    const button = () => document.querySelector(`button[aria-label="${label}"]`).textContent;
    window.copied = new Promise(resolve => new MutationObserver(() => {
        if (button() !== "Copy") resolve(button());
    }).observe(document.body, {childList: true, subtree: true}));
}"""
SLOW = """() => {
    navigator.clipboard.writeText = () => new Promise(each => window.copy = each);
}"""
UPDATED = """() => {
    const boots = document.getElementById("boots").cloneNode(true);
    boots.setAttribute("hx-swap-oob", "true");
    for (const button of boots.querySelectorAll("button.copy")) button.textContent = "Copy";
    const before = document.querySelector("#boots button.copy");
    htmx.swap("#main", `<template>${boots.outerHTML}</template>`, {swapStyle: "none"});
    return before !== document.querySelector("#boots button.copy");
}"""
"""As the live stream does it."""


async def copies(page: Page) -> None:
    """Press a command's button, which says so for two seconds: whoever looks later misses it."""
    await page.evaluate(COPY, COPIES)
    await page.get_by_role("button", name=COPIES).click()
    async with asyncio.timeout(60):
        assert await page.evaluate("window.copied") == "Copied"


class TestACommand:
    async def test_is_copied_on_this_host(self, onscreen: OnStage) -> None:
        async with onscreen(machines={}) as site:
            page = await site.visits("/")
            await page.context.grant_permissions(["clipboard-read", "clipboard-write"])

            await copies(page)

            assert await pasted(page) == "pyxie build HOST"

    async def test_is_said_to_be_copied_by_what_an_update_puts_in_its_place(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen(machines={}) as site:
            page = await site.visits("/")
            button = page.get_by_role("button", name=COPIES)
            await page.evaluate(SLOW)
            await button.click()
            assert await page.evaluate(UPDATED)
            assert await button.text_content() == "Copy"

            await page.evaluate("window.copy()")

            assert await button.text_content() == "Copied"
            assert await page.evaluate(UPDATED)
            assert await button.text_content() == "Copied"
            await expect(button).to_have_text("Copy")

    async def test_is_copied_from_elsewhere_too_where_there_is_no_https(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen(machines={}, config=CONFIG) as site:
            page = await site.people.comes(site.url.replace("127.0.0.1", "pyxie.example"))
            await page.goto("/")
            assert await page.evaluate("() => !isSecureContext && !navigator.clipboard")

            await copies(page)

            assert await pasted(page) == "pyxie build HOST"


class TestAnError:
    async def test_is_a_screen_of_the_page(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            with site.people.forgiving("status of 404"):
                page = await site.visits("/page/nothing")

                await expect(page.get_by_role("heading", name="Not found")).to_be_visible()
                await page.get_by_role("link", name="Now").first.click()

            await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()

    async def test_of_something_pressed_is_told_above_what_stays_until_the_next(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            with site.people.forgiving("status of 404", "htmx:"):
                await page.evaluate(PRESSED)
                await expect(page.get_by_role("alert")).to_contain_text("Not found")
                await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()

                await page.evaluate(PRESSED)

                await expect(page.get_by_role("alert")).to_have_count(1)

    async def test_of_a_daemon_that_is_gone_says_that_nobody_knows(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            page = await site.visits("/")
            with site.people.forgiving("ERR_", "htmx:"):
                await site.stop()

                await page.evaluate(PRESSED)

                await expect(page.get_by_role("alert")).to_have_text(
                    "pyxie does not answer. Whether this was done, is not known."
                )
