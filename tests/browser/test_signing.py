"""Signing in as people do it, and what other sites' pages make of who is signed in."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from pyxie.access.scope import Scope
from tests.browser.conftest import OnStage
from tests.browser.otherplace import OtherPlace, other_place
from tests.browser.people import accessible
from tests.browser.stage import HOST, Stage

LEDGER = r"asks another server: http://(evil|wiki)\.example", r"asks another server: http://127"
"""What browsers are led to here."""


async def token(site: Stage, name: str = "ci", scope: Scope = Scope.ADMIN) -> str:
    _, secret = await site.parts.tokens.create(name, scope, None)
    return secret


async def signed_in(site: Stage, secret: str, path: str = "/") -> Page:
    """Give somebody from elsewhere on the LAN a browser, and have them sign in."""
    page = await site.visits(path)
    await page.get_by_label("Token").fill(secret)
    await page.get_by_role("button", name="Sign in").click()
    return page


async def who(page: Page) -> str:
    """Return by what name the page knows its reader."""
    return await page.locator(".viewer p").inner_text()


class TestSomebodyFromElsewhere:
    async def test_signs_in_goes_on_to_what_they_wanted_and_signs_out(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen(strangers=True) as site:
            secret = await token(site, scope=Scope.READ)
            page = await site.visits("/page/machines?name=web")
            await accessible(page)
            with site.people.forgiving("status of 422"):
                await page.get_by_label("Token").fill("wrong")
                await page.keyboard.press("Enter")
                await expect(page.get_by_role("alert")).to_contain_text("none that pyxie knows")
            await accessible(page)
            await page.get_by_label("Token").fill(secret)
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("heading", name="Machines")).to_be_visible()

            assert page.url == f"{site.url}/page/machines?name=web"
            assert await who(page) == "token ci read"
            await page.get_by_role("button", name="Sign out").click()
            await expect(page.get_by_label("Token")).to_be_visible()
            await page.goto("/page/machines")
            assert page.url == f"{site.url}/page/sign-in?to=/page/machines"

    async def test_comes_by_a_link_of_another_site_and_is_still_signed_in(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen(strangers=True) as site, other_place() as place:
            page = await signed_in(site, await token(site))
            place.pages["wiki"] = f"<a href='{site.url}/page/machines?name=web'>machines</a>"
            with site.people.forgiving(*LEDGER):
                await page.goto(f"{place.elsewhere}/wiki")
                await page.get_by_text("machines").click()
                await page.wait_for_url("**/page/machines?name=web")

            assert await who(page) == "token ci admin"

    async def test_is_led_to_no_other_site(self, onscreen: OnStage) -> None:
        async with onscreen(strangers=True) as site:
            page = await signed_in(
                site, await token(site), "/page/sign-in?to=//evil.example/page/machines"
            )
            await page.wait_for_url(f"{site.url}/")

    async def test_whose_token_is_revoked_sees_nothing_more(self, onscreen: OnStage) -> None:
        async with onscreen(strangers=True) as site:
            page = await signed_in(site, await token(site))
            await expect(page.get_by_role("heading", name="Now")).to_be_visible()
            await site.parts.tokens.revoke("ci")
            await page.goto("/page/machines")

            await expect(page.get_by_label("Token")).to_be_visible()


def forms(url: str, mine: str) -> dict[str, str]:
    """Return pages that send a form of pyxie's as soon as they are open, and a script that does."""
    sent = {
        "build": f"/page/machines/{HOST}/build",
        "cancel": f"/page/machines/{HOST}/cancel",
        "out": "/page/sign-out",
        "in": "/page/sign-in",
    }
    pages = {
        name: f"<form method=post action='{url}{path}'><input name=token value='{mine}'>"
        "<input name=confirm value=yes></form><script>document.forms[0].submit()</script>"
        for name, path in sent.items()
    }
    calls = [*(("POST", path) for path in sent.values()), ("PUT", f"/build/{HOST}")]
    pages["script"] = f"""<script>
        const tried = {json.dumps(calls)}.map(([method, path]) => fetch("{url}" + path, {{
            method, mode: method === "PUT" ? "cors" : "no-cors", credentials: "include",
            body: new URLSearchParams("token={mine}&confirm=yes"),
        }}).catch(() => 0));
        Promise.all(tried).then(() => document.title = "tried");
    </script>"""
    return pages


FORGED = *LEDGER, "status of 403", "CORS", "net::ERR_FAILED", "Cross-Origin"


class TestAPageOfAnotherSite:
    """Of somebody who owns a name, or a port of pyxie's host, and a token that may look."""

    @pytest.mark.parametrize("door", ["elsewhere", "next_door"])
    @pytest.mark.parametrize("strangers", [True, False], ids=["signed-in", "by-address"])
    async def test_has_nothing_done_by_its_reader(
        self, onscreen: OnStage, door: str, strangers: bool
    ) -> None:
        async with onscreen(strangers=strangers) as site, other_place() as place:
            secret, theirs = await token(site), await token(site, "evil", Scope.READ)
            page = await (signed_in(site, secret) if strangers else site.visits())
            before = await who(page)
            place.pages |= forms(site.url, theirs)
            with site.people.forgiving(*FORGED):
                await self._tries_all(page, place, getattr(place, door))
            await page.goto(f"{site.url}/")

            assert await who(page) == before
            assert len(site.parts.index.active_now()) == 0
            noted = await site.parts.audit.page(None, 50)
            done = {(each["path"], each["who"]) for each in noted if each["status"] < 400}
            assert done == ({("/page/sign-in", "token ci")} if strangers else set())

    async def _tries_all(self, page: Page, place: OtherPlace, base: str) -> None:
        for name in place.pages:
            await page.goto(f"{base}/{name}")
            if name == "script":
                await page.wait_for_function("document.title === 'tried'")
            else:
                await expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()

    async def test_does_not_get_the_page_into_a_frame(self, onscreen: OnStage) -> None:
        async with onscreen() as site, other_place() as place:
            page = await site.visits()
            frames = "".join(
                f"<iframe src='{site.url}{each}'></iframe>" for each in ("/", "/page/sign-in")
            )
            place.pages["frame"] = frames
            with site.people.forgiving(*LEDGER, "frame-ancestors", "Framing"):
                for base in (place.elsewhere, place.next_door):
                    await page.goto(f"{base}/frame")
                    shown = [await each.locator("body").inner_html() for each in page.frames[1:]]

                    assert len(shown) == 2
                    assert not any("pyxie" in each for each in shown)

    async def test_under_a_name_that_leads_here_reads_and_does_nothing(
        self, onscreen: OnStage
    ) -> None:
        """DNS rebinding: the browser takes pyxie for the attacker's own site."""
        async with onscreen() as site:
            port = site.url.rpartition(":")[2]
            page = await site.people.comes(f"http://evil.example:{port}")
            with site.people.forgiving("status of 403"):
                await page.goto("/")
                told = await page.get_by_role("alert").inner_text()
                statuses = await page.evaluate(
                    """async (host) => {
                        const asked = [["GET", "/api/v1/machines"], ["PUT", "/build/" + host],
                            ["POST", `/page/machines/${host}/build`], ["POST", "/page/sign-in"],
                            ["GET", "/page/machines"], ["GET", "/page/stream?screen=now"]];
                        const answers = asked.map(([method, path]) => fetch(path, {method}));
                        return (await Promise.all(answers)).map(each =>
                            each.redirected ? new URL(each.url).pathname : each.status);
                    }""",
                    HOST,
                )

            assert told.startswith(f"'evil.example:{port}' is no name of this host's")
            assert statuses == [403] * 6
            assert len(site.parts.index.active_now()) == 0
