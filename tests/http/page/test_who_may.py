"""Every route of the page, before each who may not: refused, and not offered either."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyxie.access.scope import Scope
from pyxie.http.page.screens import SCREENS
from pyxie.http.routing import OPEN, Operation
from pyxie.operations import operations
from tests.http.page.test_signing import FORM, strange, token
from tests.http.site import HOST

PAGE = [each for each in operations(1) if each.path.startswith("/page/")]
NEEDING = [each for each in PAGE if each.scope is not OPEN]
OPEN_TO_ALL = {"/page/sign-in", "/page/sign-out", "/page/assets/{name}"}
FORMS = re.compile(r"""(?:action|formaction|hx-post|hx-put|hx-delete)="([^"]*)""")
MACHINE = f"/page/machines/{HOST}"


def path(operation: Operation) -> str:
    return re.sub(r"\{[^}]*\}", HOST, operation.path)


class TestEveryRoute:
    def test_that_is_open_to_all_is_of_signing_in_or_tells_nothing_of_here(self) -> None:
        assert {each.path for each in PAGE if each.scope is OPEN} == OPEN_TO_ALL

    def test_that_changes_something_is_a_post_and_not_for_who_may_only_look(self) -> None:
        changing = [each for each in NEEDING if each.method != "GET"]

        assert {each.method for each in changing} == {"POST"}
        assert {each.path for each in changing if each.scope is Scope.READ} == set()

    async def test_is_closed_to_strangers(self, tmp_path: Path) -> None:
        async with strange(tmp_path) as (served, browser):
            for each in NEEDING:
                answer = await browser.asks(each.method, path(each), None, Content_Type=FORM)
                led = answer.headers.get("Location", "").startswith("/page/sign-in")

                assert answer.status == 403 or (answer.status == 303 and led), each.path
                assert HOST not in answer.text.replace(path(each), ""), each.path
            assert len(served.parts.index.active_now()) == 0

    @pytest.mark.parametrize("scope", [Scope.READ, Scope.BUILD])
    async def test_is_closed_to_who_signed_in_with_too_small_a_scope(
        self, tmp_path: Path, scope: Scope
    ) -> None:
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served, scope))
            more = [each for each in NEEDING if each.scope and not scope.covers(each.scope)]
            for each in more:
                answer = await browser.asks(each.method, path(each), None, Content_Type=FORM)

                assert answer.status == 403, each.path
                assert "this needs" in answer.text, each.path
            assert more


class TestEveryScreen:
    @pytest.mark.parametrize("scope", list(Scope))
    async def test_offers_no_more_than_one_may(self, tmp_path: Path, scope: Scope) -> None:
        needed = {each.path: each.scope for each in NEEDING if each.method == "POST"}
        async with strange(tmp_path) as (served, browser):
            await browser.signs_in(await token(served, scope))
            if scope is not Scope.READ:
                await browser.asks("PUT", f"/build/{HOST}", None, Origin=served.url)
            offered = set()
            for each in (*(screen.path for screen in SCREENS), MACHINE):
                page = await browser.sees(each)
                assert page.status == 200, each
                offered |= set(FORMS.findall(page.text))

            patterns = {re.sub(r"\{[^}]*\}", "[^/]+", each): who for each, who in needed.items()}
            wants = {
                action: who
                for action in offered
                for pattern, who in patterns.items()
                if re.fullmatch(pattern, action.partition("?")[0])
            }
            beyond = {action for action, who in wants.items() if who and not scope.covers(who)}
            assert beyond == set()
            assert scope is Scope.READ or wants
