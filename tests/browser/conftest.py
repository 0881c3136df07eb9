"""One browser a worker; what a test opens in it is closed with the test.

All tests here share an event loop, in which the browser is driven: pyxie runs in it too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests import needs
from tests.browser.people import ARGUMENTS, PATIENCE, People
from tests.browser.stage import Stage, onstage

OnStage = Callable[..., AbstractAsyncContextManager[Stage]]

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all that is here in one event loop."""
    for item in items:
        if _HERE in item.path.parents and iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@asynccontextmanager
async def _chromium(*more: str) -> AsyncIterator[Browser]:
    program = needs.program("chromium", "chromium")
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*ARGUMENTS, *more]
        )
        try:
            yield browser
        finally:
            await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with _chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def far_sighted() -> AsyncIterator[People]:
    """Those who have set their browser to text of twice the size."""
    async with _chromium("--blink-settings=defaultFontSize=32,defaultFixedFontSize=26") as browser:
        yield People(browser)


@pytest.fixture
def people(chromium: Browser) -> People:
    """Those who look at the page."""
    return People(chromium)


@pytest.fixture
def onscreen(tmp_path: Path, people: People) -> OnStage:
    """Start pyxie on a site, before people: see `tests.browser.stage.onstage`."""
    return partial(onstage, tmp_path, people)
