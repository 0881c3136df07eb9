"""What is found at `/`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.http.site import serving


class TestTheFrontDoor:
    async def test_shows_those_who_may_look_the_page(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            page = await served.ask("GET", "/", Accept="text/html,application/xhtml+xml")
            ways = re.findall(r'<a [^>]*href="(/[^"]*)"', page.text)

            assert page.status == 200
            assert "/api/v1/docs" in ways
            answers = {way: (await served.get(way)).status for way in ways}
            assert answers == dict.fromkeys(ways, 200)

    async def test_is_plain_text_for_curl(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask("GET", "/", Accept="*/*")

            assert answer.status == 200
            assert "<" not in answer.text
            assert "/api/v1/docs" in answer.text

    async def test_gives_strangers_one_plain_line(self, tmp_path: Path) -> None:
        """Browsers are led to where one signs in: see `page/test_signing.py`."""
        async with serving(tmp_path, to_strangers=True) as served:
            answer = await served.ask("GET", "/", Accept="*/*")

            assert (answer.status, answer.text) == (
                200,
                "Machines boot from here over the network.\n",
            )
            assert served.texts() == []

    async def test_takes_nothing_but_get(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert (await served.ask("POST", "/")).status == 405
