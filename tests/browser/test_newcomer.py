"""Somebody who never read the documents installs a waiting machine, by the page alone."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import OnStage
from tests.browser.people import accessible
from tests.browser.stage import HOST, IMAGES, QUIET, macs
from tests.browser.test_now import boot_of, is_at
from tests.dialogue.machine import UEFI_PXE

CONFIG = f"""\
{QUIET}build_types:
  debian:
    image_url: {IMAGES}
    kernel: linux
    initrd: initrd.gz
    cmdline: "auto url={{{{ BaseURL }}}}/template/preseed/{{{{ Hostname }}}}/{{{{ Token }}}}"
    preseed: preseed.j2
"""


async def test_a_newcomer_goes_from_the_check_list_to_an_installed_machine(
    onscreen: OnStage,
) -> None:
    async with onscreen(config=CONFIG, machines={}) as site:
        page = await site.visits("/")
        steps = page.locator("#checklist")
        await expect(steps).to_contain_text("Power a machine on that boots from the network first")

        await site.client(1).discovers(UEFI_PXE)
        await expect(steps).to_contain_text("A machine has asked that no file knows: adopt the one")
        await steps.get_by_role("link", name="Waiting machines").click()
        await page.get_by_role("link", name=f"Adopt, or boot once {macs(1)}").click()
        await page.get_by_role("textbox", name="Hostname").fill(HOST)
        await page.get_by_role("combobox", name="Build type").select_option("debian")
        await accessible(page)
        await page.get_by_role("button", name="Adopt it").click()

        await page.get_by_role("link", name="Build…").click()
        await expect(page.get_by_role("main")).to_contain_text("all data on /dev/sda is lost")
        await page.get_by_role("button", name="Build, and lose what is on its disks").click()

        await page.get_by_role("link", name="Now", exact=True).click()
        await expect(boot_of(page)).to_be_visible()
        booting = site.boots()
        await booting.discovers()
        await booting.loads_ipxe()
        await booting.gets_its_script()
        await booting.loads("kernel", 0.5)
        await is_at(page, "kernel 50 %")
        await booting.starts_its_installer()
        await is_at(page, "installer")
        await booting.is_done()
        await expect(boot_of(page).locator(".state").first).to_have_text("installed")
        await expect(steps).to_be_empty()
