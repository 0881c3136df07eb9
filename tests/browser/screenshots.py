"""`make screenshots`: the pictures in README.md and docs/page.md, of pyxie as it runs.

Machines boot from it while the pictures are taken, as in the tests of the page.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Page, async_playwright, expect

from tests.browser.people import ARGUMENTS, PATIENCE, People
from tests.browser.stage import Stage, machine, onstage
from tests.browser.troubles import TROUBLES
from tests.dialogue.machine import UEFI_PXE
from tests.lab import needs

PICTURES: Final = Path(__file__).parents[2] / "docs/pictures"
WIDTH: Final = 1000
_MINUTE: Final = 60.0

KERNEL: Final = bytes(8_200_000)
"""As large as Debian's."""
MACHINES: Final = {
    f"{name}.example.org": machine(at)
    for at, name in enumerate(("web01", "web02", "db01", "mail01", "git01", "build01"), start=1)
}


async def booted(site: Stage) -> None:
    """Have some machines installed, two on their way, and one that stands still."""
    for host, number, minutes, took in (
        ("git01.example.org", 5, 41, 7),
        ("build01.example.org", 6, 25, 9),
    ):
        booting = site.boots(host, number)
        with site.ago((minutes + took) * _MINUTE):
            await site.builds(host)
            await booting.discovers()
            await booting.loads_ipxe()
            await booting.gets_its_script()
            await booting.starts_its_installer()
        with site.ago(minutes * _MINUTE):
            await booting.is_done()
    installing = site.boots("db01.example.org", 3)
    with site.ago(4 * _MINUTE):
        await site.builds("db01.example.org")
        await installing.discovers()
        await installing.loads_ipxe()
        await installing.gets_its_script()
        await installing.starts_its_installer()
    await TROUBLES["loader-silent"](site, "mail01.example.org", 4)
    loading = site.boots("web01.example.org", 1)
    with site.ago(14):
        await site.builds("web01.example.org")
        await loading.discovers()
        await loading.loads_ipxe()
        await loading.gets_its_script()
    await loading.loads("kernel", 0.65)
    with site.ago(2 * _MINUTE):
        await site.client(77).discovers(UEFI_PXE)


async def taken(page: Page, path: str, name: str, height: int) -> None:
    """Take the picture of a screen's upper part."""
    await page.set_viewport_size({"width": WIDTH, "height": height})
    await page.goto(path)
    await expect(page.locator("h1")).to_be_visible()
    await page.screenshot(path=PICTURES / f"{name}.png")


async def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(exist_ok=True)
    program = needs.program("chromium", "chromium")
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            with tempfile.TemporaryDirectory(prefix="pyxie-") as folder:
                people = People(browser)
                async with onstage(Path(folder), people, machines=MACHINES, kernel=KERNEL) as site:
                    await booted(site)
                    page = await site.visits("/")
                    await taken(page, "/", "now", 800)
                    await taken(page, "/page/waiting", "waiting", 460)
                    await taken(page, "/page/machines", "machines", 700)
                    await taken(page, "/page/machines/mail01.example.org", "machine", 860)
        finally:
            await browser.close()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except needs.MissingError as exc:
        sys.exit(str(exc))
