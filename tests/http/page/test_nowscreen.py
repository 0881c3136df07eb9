"""The screen Now, as a browser is given it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.http.site import HOST, serving

BROWSER = "text/html,application/xhtml+xml"


class TestNow:
    async def test_lists_the_machines_in_build_mode(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            before = await served.get("/", Accept=BROWSER)
            await served.build()

            after = await served.get("/", Accept=BROWSER)

            assert "No machine is being installed." in before.text
            assert f'<th scope="row">{HOST}</th>' in after.text
            assert '<span class="state is-idle">pending</span>' in after.text

    async def test_says_where_one_is(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            page = await served.get("/", Accept=BROWSER)

            links = re.findall(r'<a href="([^"]*)" aria-current="page">([^<]*)<', page.text)
            assert links == [("/", "Now")]
