"""One browser a worker; what a test opens in it is closed with the test.

All tests here share an event loop, in which the browser is driven: pyxie runs in it too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests import needs
from tests.browser.people import PATIENCE, People
from tests.browser.stage import Stage, onstage

OnStage = Callable[..., AbstractAsyncContextManager[Stage]]

_HERE = Path(__file__).parent
_NAMES = "MAP *.example 127.0.0.1, MAP *.internal 127.0.0.1, MAP * ~NOTFOUND"
"""None leads out of this host: these are other sites' in tests of forgery."""
_ARGUMENTS = [
    "--no-sandbox",  # which Chromium insists on having for root
    "--disable-dev-shm-usage",  # 64 MB in a container
    f"--host-resolver-rules={_NAMES}, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all that is here in one event loop."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    program = needs.program("chromium", "chromium")
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture
def people(chromium: Browser) -> People:
    """Those who look at the page."""
    return People(chromium)


@pytest.fixture
def onscreen(tmp_path: Path, people: People) -> OnStage:
    """Start pyxie on a site, before people: see `tests.browser.stage.onstage`."""
    return partial(onstage, tmp_path, people)
