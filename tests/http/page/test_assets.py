"""The page's files."""

from __future__ import annotations

import re
from pathlib import Path

from pyxie.http.page.assets import asset, assets
from tests.http.site import serving


class TestAFileOfThePage:
    async def test_has_a_name_by_which_it_never_changes(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            for name, each in assets().items():
                answer = await served.get(asset(name))

                assert re.fullmatch(r"/page/assets/[\w.]+\.[0-9a-f]{12}\.\w+", asset(name))
                assert answer.body == each.body
                assert answer.headers["Content-Type"] == f"{each.kind}; charset=utf-8"
                assert "immutable" in answer.headers["Cache-Control"]

    async def test_of_an_earlier_version_is_that_of_now_and_asked_for_again(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get("/page/assets/page.000000000000.css")

            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-cache"

    async def test_that_is_none_is_not_found(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for name in ("nothing.css", "x", "..%2fframe.py", "THIRD-PARTY.md"):
                assert (await served.get(f"/page/assets/{name}")).status == 404
