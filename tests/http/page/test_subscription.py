"""Where a screen's page hears what changes."""

from __future__ import annotations

from pathlib import Path

from aiohttp.test_utils import make_mocked_request

from pyxie.http.page.subscription import subscription
from tests.http.site import _app, serving


class TestASubscription:
    async def test_says_what_is_shown_and_up_to_where_the_page_has_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            request = make_mocked_request("GET", "/", app=_app(served.server))

            url = subscription(request, "machine", hostname="a&b")

            place = served.parts.audience.place
            assert url == f"/page/stream?screen=machine&hostname=a%26b&since={place}"
