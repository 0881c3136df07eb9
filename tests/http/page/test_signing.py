"""Signing in to the page with a token, and out; what strangers and other sites' pages can do."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from pyxie.access.scope import Scope
from pyxie.bounds import SESSION_IDLE, SIGN_IN_LENGTH, WRONG_TOKENS, WRONG_TOKENS_EACH
from pyxie.events.kind import Step
from tests.http.site import CONFIG, Answer, Served, serving

BROWSER = "text/html,application/xhtml+xml"
FORM = "application/x-www-form-urlencoded"
WRONG = "The token is none that pyxie knows, or has expired or is revoked."


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Put back what was counted."""
    kept = [(each, each.times) for each in (WRONG_TOKENS, WRONG_TOKENS_EACH, SIGN_IN_LENGTH)]
    yield
    for each, times in kept:
        each.times = times


@dataclass
class Browser:
    """Keeps cookies, and says which page a form comes of."""

    served: Served
    cookie: str = ""
    origin: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.origin = self.served.url

    async def asks(
        self, method: str, path: str, data: bytes | None = None, **headers: str
    ) -> Answer:
        sent = {"Accept": BROWSER, "Cookie": self.cookie, **headers}
        if method == "POST" and self.origin is not None:
            sent.setdefault("Origin", self.origin)
        answer = await self.served.ask(
            method, path, data, **{name: value for name, value in sent.items() if value}
        )
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer

    async def sees(self, path: str, **headers: str) -> Answer:
        return await self.asks("GET", path, None, **headers)

    async def sends(self, path: str, given: Mapping[str, str], **headers: str) -> Answer:
        return await self.asks(
            "POST", path, urlencode(given).encode(), Content_Type=FORM, **headers
        )

    async def signs_in(self, token: str, to: str = "/", **headers: str) -> Answer:
        return await self.sends("/page/sign-in", {"token": token, "to": to}, **headers)


@asynccontextmanager
async def strange(folder: Path, **more: Any) -> AsyncIterator[tuple[Served, Browser]]:
    """Serve a site before a stranger's browser."""
    async with serving(folder, to_strangers=True, **more) as served:
        yield served, Browser(served)


async def token(served: Served, scope: Scope = Scope.READ, seconds: float | None = None) -> str:
    _, secret = await served.parts.tokens.create("ci", scope, seconds)
    return secret


class TestAStranger:
    async def test_is_led_to_the_form_and_from_there_to_what_it_wanted(
        self, tmp_path: Path
    ) -> None:
        async with strange(tmp_path) as (served, browser):
            led = await browser.sees("/?since=1")
            form = await browser.sees(led.headers["Location"], Sec_Fetch_Site="none")
            to = re.search(r'name="to" value="([^"]*)"', form.text)
            assert to is not None
            signed = await browser.signs_in(await token(served), to[1])
            page = await browser.sees(signed.headers["Location"])

            assert (led.status, led.headers["Location"]) == (303, "/page/sign-in?to=/%3Fsince%3D1")
            assert form.status == 200
            assert "<li>" not in form.text  # no screen is offered
            assert (signed.status, signed.headers["Location"]) == (303, "/?since=1")
            assert page.status == 200
            assert "token ci" in page.text
            assert "Sign out" in page.text

    async def test_is_led_there_of_any_screen_also_of_one_that_is_not_there(
        self, tmp_path: Path
    ) -> None:
        async with strange(tmp_path) as (_, browser):
            led = await browser.sees("/")

            assert (led.status, led.headers["Location"]) == (303, "/page/sign-in")

    async def test_who_is_no_browser_gets_text(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, _):
            answer = await served.get("/")

            assert (answer.status, answer.text) == (
                200,
                "Machines boot from here over the network.\n",
            )

    async def test_is_told_nothing_in_the_events_for_looking(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.sees("/")
            await browser.sees("/page/sign-in")

            assert served.texts() == []

    @pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/", "/api/v1/docs"])
    async def test_is_led_to_no_other_place(self, tmp_path: Path, to: str) -> None:
        async with strange(tmp_path) as (served, browser):
            form = await browser.sees(f"/page/sign-in?{urlencode({'to': to})}")
            signed = await browser.signs_in(await token(served), to)

            assert 'name="to" value="/"' in form.text
            assert signed.headers["Location"] == "/"


class TestTheForm:
    async def test_asks_once_more_where_a_link_of_another_site_may_have_led_to_it(
        self, tmp_path: Path
    ) -> None:
        """Then the browser has left out the cookie, and the reader may be signed in."""
        async with strange(tmp_path) as (served, browser):
            again = {"Refresh": "0; url=/page/sign-in?to=/page/health&asked=1"}

            def refreshed(answer: Answer) -> dict[str, str]:
                return {name: value for name, value in answer.headers.items() if name in again}

            path = "/page/sign-in?to=/page/health"
            assert refreshed(await browser.sees(path)) == again
            assert refreshed(await browser.sees(path, Sec_Fetch_Site="cross-site")) == again
            assert refreshed(await browser.sees(path, Referer="http://wiki.example/")) == again
            assert refreshed(await browser.sees(f"{path}&asked=1")) == {}
            assert refreshed(await browser.sees(path, Sec_Fetch_Site="same-origin")) == {}
            assert refreshed(await browser.sees(path, Referer=f"{served.url}/page/x")) == {}

    async def test_leads_on_who_has_signed_in(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served))

            on = await browser.sees("/page/sign-in?to=/page/health&asked=1")
            back = await browser.sees("/page/sign-in", Referer=f"{served.url}/page/machines")

            assert (on.status, on.headers["Location"]) == (303, "/page/health")
            assert back.headers["Location"] == "/page/machines"

    async def test_says_so_where_pyxie_is_called_by_a_name_that_is_not_its_own(
        self, tmp_path: Path
    ) -> None:
        async with strange(tmp_path) as (served, browser):
            secret = await token(served)
            host = "evil.example"
            form = await browser.sees("/page/sign-in", Host=host)
            refused = await browser.signs_in(secret, Host=host, Origin=f"http://{host}")

            said = "&#39;evil.example&#39; is no name of this host&#39;s"
            assert said in form.text
            assert "<form" not in form.text
            assert (refused.status, said in refused.text) == (403, True)
            assert browser.cookie == ""

    async def test_names_the_command_that_makes_a_token_with_the_scopes(
        self, tmp_path: Path
    ) -> None:
        async with strange(tmp_path) as (_, browser):
            form = await browser.sees("/page/sign-in")

            assert "pyxie token create NAME --scope SCOPE" in form.text
            assert all(f"<code>{each}</code>" in form.text for each in Scope)

    async def test_has_no_token_in_it_that_was_typed(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (_, browser):
            answer = await browser.signs_in("a-wrong-token-<b>", "/page/machines?page=2")

            assert answer.status == 422
            assert WRONG in answer.text
            assert 'role="alert"' in answer.text
            assert 'value="/page/machines?page=2"' in answer.text
            assert "a-wrong-token" not in answer.text

    async def test_is_bounded(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (_, browser):
            answer = await browser.signs_in("x" * SIGN_IN_LENGTH.whole)

            assert answer.status == 413


class TestASession:
    async def test_may_what_its_token_may_and_is_in_the_audit_log_by_its_name(
        self, tmp_path: Path
    ) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served, Scope.BUILD))

            built = await browser.asks("PUT", "/build/linux001.internal", Origin=served.url)
            removed = await browser.asks(
                "DELETE", "/api/v1/machines/linux001.internal", Origin=served.url
            )

            assert (built.status, removed.status) == (200, 403)
            noted = await served.parts.audit.page(None, 10)
            assert [(each["who"], each["method"], each["path"]) for each in noted] == [
                ("token ci", "PUT", "/build/linux001.internal"),
                ("token ci", "POST", "/page/sign-in"),
            ]

    async def test_has_a_cookie_for_no_script_and_no_other_site(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            signed = await browser.signs_in(await token(served))

            made = signed.headers["Set-Cookie"]
            assert re.fullmatch(
                rf"pyxie_{served.server.port}=[\w-]{{43}}; Path=/; HttpOnly; SameSite=Strict", made
            )
            assert signed.headers["Cache-Control"] == "no-store"

    async def test_ends_with_the_token(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served, seconds=60))
            before = await browser.sees("/")
            served.clock.now += 61
            after = await browser.sees("/")

            assert (before.status, after.status) == (200, 303)

    async def test_ends_when_the_token_is_revoked_for_good(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served))
            await served.parts.tokens.revoke("ci")
            revoked = await browser.sees("/")
            await token(served)  # another of the same name
            made_anew = await browser.sees("/")

            assert (revoked.status, made_anew.status) == (303, 303)

    async def test_that_has_ended_is_told_above_the_form_and_one_that_never_was_is_not(
        self, tmp_path: Path
    ) -> None:
        said = "Your session has ended: pyxie was restarted,"
        async with strange(tmp_path) as (served, browser):
            first = await browser.sees("/page/sign-in")
            await browser.signs_in(await token(served))
            await served.parts.tokens.revoke("ci")
            led = await browser.sees("/page/machines")
            ended = await browser.sees(led.headers["Location"])
            await browser.signs_in(await token(served))
            await browser.sends("/page/sign-out", {})
            out = await browser.sees("/page/sign-in")

            assert [said in each.text for each in (first, ended, out)] == [False, True, False]

    async def test_ends_where_nothing_is_asked_for(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served))
            answers = []
            for passed in (SESSION_IDLE.most - 1, SESSION_IDLE.most - 1, SESSION_IDLE.most):
                served.clock.now += passed
                answers.append((await browser.sees("/")).status)

            assert answers == [200, 200, 303]

    async def test_is_not_kept_by_a_page_that_was_left_open(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served))
            for _ in range(2):
                served.clock.now += SESSION_IDLE.most / 2
                await browser.sees("/", Accept="text/event-stream")

            assert (await browser.sees("/")).status == 303

    async def test_is_another_each_time_and_the_old_one_ends(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            secret = await token(served)
            await browser.signs_in(secret)
            first = browser.cookie
            await browser.signs_in(secret)
            old = Browser(served, first)

            assert browser.cookie != first
            assert ((await old.sees("/")).status, (await browser.sees("/")).status) == (303, 200)

    async def test_is_not_begun_with_a_secret_that_somebody_else_chose(
        self, tmp_path: Path
    ) -> None:
        async with strange(tmp_path) as (served, browser):
            planted = f"pyxie_{served.server.port}=planted"
            browser.cookie = planted
            await browser.signs_in(await token(served))

            assert browser.cookie != planted
            assert (await Browser(served, planted).sees("/")).status == 303

    async def test_of_a_token_of_the_settings_may_all(self, tmp_path: Path) -> None:
        config = CONFIG + "api: {tokens: [a-token-of-the-settings]}\n"
        async with serving(tmp_path, config=config) as served:
            browser = Browser(served)
            await browser.signs_in("a-token-of-the-settings")

            assert "a token of api.tokens" in (await browser.sees("/")).text

    async def test_that_has_ended_keeps_what_is_typed_on_the_screen(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served))
            await served.parts.tokens.revoke("ci")
            screen = f"{served.url}/page/machines?page=2"

            looked = await browser.sees("/", HX_Request="true", HX_Current_URL=screen)
            sent = await browser.sends("/page/machines", {}, HX_Request="true")

            assert looked.headers["HX-Redirect"] == "/page/sign-in?to=/page/machines%3Fpage%3D2"
            assert "HX-Redirect" not in sent.headers


class TestSigningOut:
    async def test_ends_the_session_and_no_other(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            secret, other = await token(served), Browser(served)
            await browser.signs_in(secret)
            await other.signs_in(secret)
            kept = browser.cookie
            out = await browser.sends("/page/sign-out", {})

            assert (out.status, out.headers["Location"]) == (303, "/")
            assert out.headers["Set-Cookie"].endswith("Max-Age=0")
            assert (await Browser(served, kept).sees("/")).status == 303
            assert (await other.sees("/")).status == 200
            noted = await served.parts.audit.page(None, 1)
            assert (noted[0]["who"], noted[0]["path"]) == ("token ci", "/page/sign-out")

    async def test_is_well_for_who_is_signed_out_already(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            assert (await browser.sends("/page/sign-out", {})).status == 303
            assert await served.parts.audit.page(None, 1) == []


FOREIGN: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:80"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
]


class TestAPageOfAnotherSite:
    @pytest.mark.parametrize("headers", [*FOREIGN, {}])
    async def test_signs_nobody_in(self, tmp_path: Path, headers: dict[str, str]) -> None:
        """Or its reader would work as somebody else, who looks on."""
        async with strange(tmp_path) as (served, browser):
            browser.origin = None
            refused = await browser.signs_in(await token(served), **headers)

            assert (refused.status, browser.cookie) == (403, "")

    @pytest.mark.parametrize("headers", [*FOREIGN, {}])
    async def test_signs_nobody_out(self, tmp_path: Path, headers: dict[str, str]) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served))
            browser.origin = None
            refused = await browser.sends("/page/sign-out", {}, **headers)

            assert refused.status == 403
            assert (await browser.sees("/")).status == 200

    @pytest.mark.parametrize("headers", [*FOREIGN, {}])
    async def test_changes_nothing_by_a_session(
        self, tmp_path: Path, headers: dict[str, str]
    ) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served, Scope.ADMIN))
            refused = await browser.asks("PUT", "/build/linux001.internal", None, **headers)

            assert refused.status == 403
            assert len(served.parts.index.active_now()) == 0


class TestWrongTokens:
    async def test_are_looked_at_up_to_a_bound_of_each_address(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            right = await token(served)
            statuses = [
                (await browser.signs_in(f"wrong-{number}")).status
                for number in range(WRONG_TOKENS_EACH.whole)
            ]
            beyond = await browser.signs_in(right)

            assert statuses == [422] * WRONG_TOKENS_EACH.whole
            assert beyond.status == 429
            assert int(beyond.headers["Retry-After"]) in range(1, 7)
            assert "Too many wrong tokens came from here. Try again in" in beyond.text
            assert browser.cookie == ""

    async def test_are_not_looked_at_where_they_come_at_once_either(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (_, browser):
            answers = await asyncio.gather(
                *(browser.signs_in(f"wrong-{number}") for number in range(40))
            )
            statuses = [each.status for each in answers]

            assert statuses.count(422) == WRONG_TOKENS_EACH.whole

    async def test_are_told_of_once_and_never_written_anywhere(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with strange(tmp_path) as (served, browser):
            right = await token(served)
            for _ in range(3):
                await browser.signs_in("a-wrong-token-of-somebody")
            await browser.signs_in(right)
            secret = browser.cookie.partition("=")[2]

            told = [each for each in served.texts(Step.TROUBLE) if "sign-in" in each]
            events = repr([each.members() for each in served.parts.trace.recent()])
            audited = repr(await served.parts.audit.page(None, 10))
            assert len(told) == 1
            for hidden in ("a-wrong-token-of-somebody", right, secret):
                assert hidden not in caplog.text + events + audited

    async def test_are_all_told_the_same_whatever_was_wrong_with_them(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            secret = await token(served, seconds=60)
            served.clock.now += 61
            answers = [await browser.signs_in(each) for each in (secret, secret[:-1], "", "é")]

            said = {re.sub(r' data-now="[^"]*"', "", each.text) for each in answers}
            assert ({each.status for each in answers}, len(said)) == ({422}, 1)
            assert WRONG in answers[0].text
