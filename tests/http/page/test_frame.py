"""What surrounds every screen."""

from __future__ import annotations

from pathlib import Path

from pyxie.access.scope import Scope
from pyxie.http.page.contentpolicy import HEADERS
from pyxie.http.page.frame import _FOLDER, _environment, region
from pyxie.http.page.spokentimes import ago
from pyxie.http.page.viewer import Viewer
from tests.http.page.test_nowview import NOW, view_of
from tests.http.site import serving

WHO = Viewer("this host", Scope.ADMIN)


class TestAScreen:
    async def test_is_kept_by_nobody_and_bears_the_policy(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            page = await served.get("/", Accept="text/html")

            assert page.status == 200
            assert page.headers["Content-Type"] == "text/html; charset=utf-8"
            assert page.headers["Cache-Control"] == "no-store"
            assert {name: page.headers[name] for name in HEADERS} == dict(HEADERS)

    async def test_has_no_script_and_no_style_in_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text = (await served.get("/", Accept="text/html")).text

            assert "<style" not in text
            assert " style=" not in text
            assert text.count("<script") == text.count('<script src="/page/assets/')


class TestTemplates:
    def test_compile_and_each_is_one_of_the_package(self) -> None:
        names = {file.name for file in _FOLDER.glob("*.j2")}

        assert set(_environment().list_templates()) == names

    def test_write_what_a_stranger_made_up_as_text(self) -> None:
        view = view_of("<script>alert(1)</script>")

        assert "<script>" not in region("_boots.html.j2", WHO, {"view": view})


class TestARegion:
    def test_that_is_sent_alone_says_where_it_belongs(self) -> None:
        view = view_of()

        assert 'id="boots"' in region("_boots.html.j2", WHO, {"view": view})
        assert "hx-swap-oob" not in region("_boots.html.j2", WHO, {"view": view})
        assert 'hx-swap-oob="true"' in region("_boots.html.j2", WHO, {"view": view}, oob=True)


class TestFilters:
    def test_write_a_command_with_a_button_that_copies_it(self) -> None:
        made = _environment().from_string("{{ text | command }}").render(text="pyxie build <a>")

        assert made == (
            '<span class="command"><code>pyxie build &lt;a&gt;</code> <button type="button" '
            'class="copy" aria-label="Copy the command pyxie build &lt;a&gt;">Copy</button></span>'
        )

    def test_write_a_time_with_the_exact_one(self) -> None:
        made = _environment().from_string("{{ at | time }}").render(at=ago(NOW, NOW + 180))

        assert made == (
            '<time datetime="2027-01-15T08:00:00Z" title="2027-01-15 08:00:00 UTC" class="ago">'
            "3 min ago</time>"
        )

    def test_write_numbers_with_their_units(self) -> None:
        made = _environment().from_string("{{ 90 | span }}, {{ 41300000 | amount }}, {{ 1|times }}")

        assert made.render() == "90 s, 41.3 MB, once"
