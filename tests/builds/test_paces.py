"""How long builds took before, of their records."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pyxie.builds.durations import Pace
from pyxie.builds.paces import Paces
from pyxie.store.pools import StoreError
from tests.http.site import HOST, serving


async def test_are_learnt_from_builds_that_came_to_their_end(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        paces = served.parts.paces
        token = await served.build()
        build = served.parts.index.of(HOST)
        assert build is not None
        await served.parts.builds.installing(build, "booting", "192.0.2.9", None)
        served.clock.now += 600
        assert (await served.get(f"/done/{HOST}/{token}")).text == "OK"
        await served.build()
        again = served.parts.index.of(HOST)
        assert again is not None

        assert paces.of(again) is None
        await paces.refresh()

        assert paces.of(again) == Pace(1, 600.0)


class Unreadable:
    """Records in a database that does not answer."""

    async def durations(self, most: int) -> list[tuple[str, str, float]]:
        raise StoreError("it does not answer")


async def test_that_cannot_be_read_are_no_matter(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await Paces(Unreadable()).refresh()

    assert "how long builds took cannot be read: it does not answer" in caplog.text
