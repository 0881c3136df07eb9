"""Errors of the page, as a browser shows them, and as htmx does."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.errors import BusyError
from pyxie.http.page.contentpolicy import HEADERS
from pyxie.http.page.errorpages import ErrorView, error_view
from pyxie.http.routing import Routes, install
from tests.http.site import Served, serving

BROWSER = "text/html,application/xhtml+xml"


def failing(served: Served) -> None:
    """Give a site routes of the page that fail."""
    routes = Routes()

    @routes.get("/page/bug", scope=Scope.READ)
    async def _bug(request: web.Request) -> web.Response:
        raise ZeroDivisionError

    @routes.get("/page/busy", scope=Scope.READ)
    async def _busy(request: web.Request) -> web.Response:
        raise BusyError("management", "256 are in hand already; try again")

    @routes.post("/page/now", scope=Scope.BUILD)
    async def _conflict(request: web.Request) -> web.Response:
        raise web.HTTPConflict(text="web01 is in <build> mode already")

    assert served.server._runner is not None
    router = served.server._runner.app.router
    router._frozen = False
    install(router, routes)


class TestAnErrorOfThePage:
    @pytest.mark.parametrize(
        ("path", "status", "head", "line"),
        [
            ("/page/nothing", 404, "Not found", "There is nothing at this address"),
            ("/page/bug", 500, "Something went wrong", "a bug in pyxie; its log has the details"),
            ("/page/busy", 503, "Too busy, try again", "256 are in hand already; try again"),
        ],
    )
    async def test_is_a_screen_for_a_browser(
        self, tmp_path: Path, path: str, status: int, head: str, line: str
    ) -> None:
        async with serving(tmp_path) as served:
            failing(served)

            page = await served.get(path, Accept=BROWSER)

            assert page.status == status
            assert page.headers["Content-Type"] == "text/html; charset=utf-8"
            assert page.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
            assert f"<h1>{head}</h1>" in page.text
            assert line in page.text
            assert '<nav aria-label="Screens">' in page.text

    async def test_is_a_notice_for_htmx_beside_what_is_open(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            failing(served)

            told = await served.ask("POST", "/page/now", HX_Request="true")

            assert told.status == 409
            assert told.headers["HX-Retarget"] == "#notices"
            assert told.text == (
                '<div class="notice is-bad" role="alert">\n'
                "  <p><strong>Not possible now</strong></p>\n"
                "  <p>web01 is in &lt;build&gt; mode already</p>\n"
                "</div>"
            )

    async def test_is_text_for_programs(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get("/page/nothing")

            assert answer.headers["Content-Type"].startswith("text/plain")

    async def test_tells_strangers_no_more_than_programs_and_offers_no_screen(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            failing(served)

            page = await served.ask("POST", "/page/now", Accept=BROWSER)

            assert page.status == 403
            assert "<h1>Not allowed</h1>" in page.text
            assert "may not manage pyxie without a token" in page.text
            assert "aria-current" not in page.text
            assert "<li>" not in page.text

    async def test_says_when_to_come_again_and_what_is_allowed(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            failing(served)

            busy = await served.get("/page/busy", Accept=BROWSER)
            wrong = await served.ask("GET", "/page/now", Accept=BROWSER)

            assert busy.headers["Retry-After"] == "5"
            assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")

    async def test_is_text_where_there_is_no_thread_left_for_a_screen(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(tmp_path) as served:
            failing(served)

            async def busy(*_: object) -> None:
                raise BusyError("management", "256 are in hand already; try again")

            monkeypatch.setattr(served.parts.pools.management, "run", busy)

            answer = await served.get("/page/nothing", Accept=BROWSER)

            assert (answer.status, answer.text) == (404, "Not Found\n")


class TestOutsideOfThePage:
    async def test_errors_are_as_they_were(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get("/boot/nothing", Accept=BROWSER)

            assert answer.status == 404
            assert "<" not in answer.text

    async def test_a_path_that_was_mistyped_is_a_screen_for_a_browser_and_text_for_programs(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            screen = await served.get("/nosuch", Accept=BROWSER)
            plain = await served.get("/nosuch")

            assert (screen.status, plain.status) == (404, 404)
            assert "<h1>Not found</h1>" in screen.text
            assert "There is nothing at this address" in screen.text
            assert plain.text == "Not Found\n"

    async def test_a_mistyped_path_shows_strangers_no_screens(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            screen = await served.get("/nosuch", Accept=BROWSER)

            assert screen.status == 404
            assert "<li>" not in screen.text


class TestWhatIsSaid:
    def test_has_a_head_and_a_line_each(self) -> None:
        assert error_view(403, "may not\nconfig.yaml is not in force\n") == ErrorView(
            403, "Not allowed", ("may not", "config.yaml is not in force")
        )

    @pytest.mark.parametrize(("status", "said"), [(404, "Not Found"), (405, "Method Not Allowed")])
    def test_is_a_sentence_where_there_is_nothing_but_a_status(
        self, status: int, said: str
    ) -> None:
        (line,) = error_view(status, said).lines

        assert line != said
        assert line.endswith(".")

    def test_has_a_head_for_any_status(self) -> None:
        assert error_view(418, "a teapot").head == "Error"
