"""People before browsers: what they open, what displeases their browsers, and how it reads."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

PATIENCE = 60_000
"""Milliseconds that something is waited for on a page: the host may be busy."""
_NAMES = "MAP *.example 127.0.0.1, MAP *.internal 127.0.0.1, MAP * ~NOTFOUND"
"""None leads out of this host: these are other sites' in tests of forgery."""
ARGUMENTS = [
    "--no-sandbox",  # which Chromium insists on having for root
    "--disable-dev-shm-usage",  # 64 MB in a container
    f"--host-resolver-rules={_NAMES}, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
_AXE = "axe_playwright_python"
_RUN_AXE = """async (rules) => {
    const all = {resultTypes: ["violations"], iframes: false, selectors: true};
    const only = rules.length ? {runOnly: {type: "rule", values: rules}} : {};
    const found = await axe.run(document, {...all, ...only});
    return found.violations.map(each => ({
        id: each.id, help: each.help,
        at: each.nodes.map(node => node.target.join(" ") + ": " + node.failureSummary),
    }));
}"""
_OPERATED = """() => [...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
    .filter(each => !each.disabled && each.checkVisibility({visibilityProperty: true}))
    .filter(each => each.type !== "radio" || each.checked)
    .map((each, at) => { each.dataset.operated = at; return each.outerHTML.slice(0, 120); })"""
_REMEMBERING = """() => {
    window.reached = [];
    document.body.tabIndex = -1;  // Tab goes on from there, not from a field that had the focus
    document.body.focus();
    document.addEventListener("focusin", ({target: at}) => {
        const look = getComputedStyle(at), box = at.getBoundingClientRect();
        const marked = (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0)
            || look.boxShadow !== "none";
        const seen = marked && box.right > 0 && box.bottom > 0 && box.width > 0;
        reached.push([Number(at.dataset.operated ?? -1), seen]);
    });
}"""
_WIDER = """() => [...document.querySelectorAll("body *")]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .map(each => each.tagName + "." + each.className).slice(0, 5)"""


class People:
    """Those who look at the page, each with a browser of his own.

    Errors in a browser's console, what its content policy refuses among them, errors of scripts,
    and whatever a page asks of another server, are complaints: none may be left at the end.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._complaints: list[str] = []

    async def comes(self, url: str, **options: Any) -> Page:
        """Give somebody a browser with nothing in it; return its page, which is empty."""
        options.setdefault("locale", "en-GB")
        options.setdefault("timezone_id", "Europe/Berlin")
        options.setdefault("reduced_motion", "reduce")  # what is half-way is judged by nobody
        context = await self._browser.new_context(base_url=url, **options)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._complains(f"script: {error.error}"))
        context.on("request", lambda request: self._on_request(url, request))
        return await context.new_page()

    async def leave(self) -> None:
        """Close all browsers."""
        for each in self._contexts:
            await each.close()
        self._contexts.clear()

    def assert_content(self) -> None:
        """Fail if a browser had anything to complain of."""
        assert not self._complaints, "\n".join(self._complaints)

    @contextmanager
    def forgiving(self, *patterns: str) -> Iterator[None]:
        """Expect these complaints, as regular expressions: ``status of 403`` is a refusal's."""
        before = len(self._complaints)
        yield
        rest = [
            each
            for each in self._complaints[before:]
            if not any(re.search(pattern, each) for pattern in patterns)
        ]
        self._complaints[before:] = rest

    def _complains(self, what: str) -> None:
        self._complaints.append(what)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complains(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, url: str, request: Request) -> None:
        if not request.url.startswith((url, "data:", "about:", "blob:")):
            self._complains(f"asks another server: {request.url}")


async def accessible(page: Page) -> None:
    """Have axe-core look at a page in both themes; fail with all that it finds."""
    found: list[str] = []
    for theme, rules in (("light", []), ("dark", ["color-contrast", "link-in-text-block"])):
        await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        if not await page.evaluate("() => 'axe' in window"):
            await page.evaluate(files(_AXE).joinpath("axe.min.js").read_text("utf-8"))
        for each in await page.evaluate(_RUN_AXE, rules):
            found += [f"{theme}: {each['id']}, {each['help']}", *(f"    {at}" for at in each["at"])]
    await page.emulate_media(color_scheme=None)
    assert not found, "\n".join([page.url, *found])


async def fits(page: Page, *widths: int) -> None:
    """Assert that the page is not to be scrolled sideways, at these widths in pixels."""
    before = page.viewport_size
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 900})
        size = await page.evaluate("() => document.scrollingElement.scrollWidth")
        wider = await page.evaluate(_WIDER) if size > width else []
        assert size <= width, f"{page.url} is {size} px wide in {width}: {json.dumps(wider)}"
    if before is not None:
        await page.set_viewport_size(before)


async def keyboard_alone(page: Page) -> None:
    """Assert that Tab leads to all that can be operated, and that one sees where one is."""
    things = await page.evaluate(_OPERATED)
    await page.evaluate(_REMEMBERING)
    await asyncio.gather(*(page.keyboard.press("Tab") for _ in things))
    reached: dict[int, bool] = dict(await page.evaluate("() => reached"))
    faults = [
        f"is not {'seen to have the focus' if at in reached else 'reached by Tab'}: {each}"
        for at, each in enumerate(things)
        if not reached.get(at)
    ]
    assert not faults, "\n".join([page.url, *faults])


async def words(page: Page) -> str:
    """Return what stands in the main part of a page, without how long ago, which differs."""
    said: str = await page.evaluate(
        """() => {
            const copy = document.querySelector("main").cloneNode(true);
            for (const each of copy.querySelectorAll("time")) each.remove();
            return copy.textContent;
        }"""
    )
    return " ".join(re.sub(r"\d+ (s|min)\b", "", said).split())
