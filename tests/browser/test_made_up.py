"""What a stranger on the LAN makes up is text on every screen, and nothing of it is run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any, cast
from urllib.parse import quote

from playwright.async_api import Page

from pyxie.dhcp.message import Option
from pyxie.dhcp.overheard import Other
from pyxie.events.english import sentence
from pyxie.events.kind import BY_CODE, Kind
from pyxie.http.page.screens import SCREENS
from tests.browser.conftest import OnStage
from tests.browser.stage import HOST, SERVER, Stage, macs
from tests.dialogue.machine import UEFI_PXE
from tests.media.isos import Files, made

EVIL = "\"'><img src=/owned onerror=owned=1><script>owned=1</script>{{7*7}}"
"""It closes any attribute and element that it stands in."""
MACHINE = f"/page/machines/{HOST}"
STRANGER = 98


def made_up() -> Iterator[Kind]:
    """Yield an event of each kind, all texts of which somebody has made up."""
    values = {"str": EVIL, "str | None": EVIL, "Mapping[str, str]": {EVIL: EVIL}, "bool": False}
    for each in BY_CODE.values():
        fields = dataclasses.fields(cast("Any", each))
        what = each(**{one.name: values.get(str(one.type), 1) for one in fields})
        try:
            sentence(what)
        except (KeyError, ValueError):
            continue  # one of its texts is a word of pyxie's own
        yield what


async def medium(site: Stage) -> None:
    """Have an ISO image whose names, and what is in its loaders' configuration, are made up."""
    name = EVIL.replace("/", "")
    entry = f"menuentry {json.dumps(EVIL)} {{\n linux /{name} {EVIL}\n initrd /initrd.gz\n}}\n"
    files: Files = {name: b"a kernel", "initrd.gz": b"an initrd", "boot/grub/grub.cfg": entry}
    (site.folder / "isos").mkdir()
    await site.parts.media.add(made(site.folder / "isos/own.iso", files, volume="<IMG SRC=OWNED>"))
    await site.parts.media.refresh()


async def attacked(site: Stage, page: Page) -> None:
    """Have a machine, and a stranger, say what would be run on a page that is careless."""
    bad = EVIL.encode()[:200]
    options = {
        **UEFI_PXE.options,
        12: bad,  # the hostname
        Option.VENDOR_CLASS: UEFI_PXE.options[Option.VENDOR_CLASS] + bad[:100],
        Option.USER_CLASS: bad,
    }
    hostile = replace(UEFI_PXE, options=options, sname=bad[:60], file=bad[:100])
    asked = "&".join(
        f"{name}={quote(EVIL)}"
        for name in ("manufacturer", "product", "serial", "uuid", "asset", "hostname", "platform")
    )
    for number in (1, STRANGER):
        client = site.client(number)
        await client.discovers(hostile)
        await client.fetches(EVIL)
        for path in (
            f"/ipxe/{client.mac}?asked=1&{asked}",
            f"/boot/{quote(EVIL)}",
            f"/{quote(EVIL)}",
        ):
            await client.gets(f"http://{SERVER}:8090{path}", headers={"User-Agent": EVIL})
    token = await site.builds()
    failed = f"{site.url}/failed/{HOST}/{token}?reason={quote(EVIL)}"
    assert (await page.request.post(failed, data=EVIL)).ok
    await medium(site)
    site.writes("machines/broken.yaml", f"hostname: web09.example.org\n{json.dumps(EVIL)}: 1\n")
    rival = IPv4Address("192.168.7.66")
    site.parts.others.replied(
        Other(
            file=EVIL,
            vendor_class=EVIL,
            tftp_server=EVIL,
            bootfile=EVIL,
            server=rival,
            source=rival,
            network=2,
            interface="eth0",
            here=False,
            kind="OFFER",
            mac=macs(1),
            xid=1,
            addresses=True,
            siaddr=rival,
        )
    )
    for what in made_up():
        for host in (HOST, None):
            site.parts.trace.record(what, host=host, mac=macs(1 if host else STRANGER), peer=EVIL)


async def is_text_alone(page: Page) -> None:
    """Assert that nothing of it has become a part of the page."""
    assert await page.evaluate("() => window.owned") is None
    assert await page.locator("img, [onerror]").count() == 0
    assert "49" not in await page.title()


class TestWhatStrangersMakeUp:
    async def test_is_text_on_every_screen(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            page = await site.visits(MACHINE)
            await attacked(site, page)
            told = {}
            for path in (
                *(each.path for each in SCREENS),
                *("/?stuck=1", MACHINE, f"{MACHINE}/events", f"{MACHINE}/build"),
                *(f"{MACHINE}/log?build=1", "/page/images/media/own"),
                f"/page/machines?name={quote(EVIL)}&group={quote(EVIL)}",
                f"/page/images?q={quote(EVIL)}",
                f"/page/machines/{quote(EVIL, safe='')}",
                f"/page/{quote(EVIL, safe='')}",
                f"/page/sign-in?to={quote(EVIL)}",
            ):
                with site.people.forgiving("status of 40[04]"):
                    await page.goto(path)
                await is_text_alone(page)
                told[path] = await page.locator("body").inner_text()

            shown = MACHINE, f"{MACHINE}/events", f"{MACHINE}/log?build=1"
            for path in (*shown, "/page/waiting", "/page/health"):
                assert "onerror=owned=1" in told[path], path

    async def test_is_text_where_it_comes_while_one_looks(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            pages = [await site.visits(path) for path in ("/", MACHINE, "/page/waiting")]
            await attacked(site, pages[0])
            for page in pages:
                await page.wait_for_timeout(500)
                await is_text_alone(page)
