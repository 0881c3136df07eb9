"""Other servers' small files, read whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pyxie.bounds import Bound
from pyxie.outbound.reach import Reach
from pyxie.verification.faults import UnreadError
from pyxie.verification.lists import Lists
from tests.http.upstream import File, Mirror, mirror

MOST = Bound("test", 100, "bytes", "refused")
FILES: dict[str, File] = {
    "SHA256SUMS": b"hello",
    "gone": 404,
    "moved": "/SHA256SUMS",
    "circle": "/circle",
    "huge": b"x" * 101,
    "cut": ("length", b"x" * 50),
    "silent": ("stops", b"x" * 50),
}


@pytest.fixture
async def upstream() -> AsyncIterator[Mirror]:
    async with mirror(FILES) as there:
        yield there


@pytest.fixture
async def lists() -> AsyncIterator[Lists]:
    async with Lists() as made:
        yield made


class TestAList:
    @pytest.mark.parametrize("name", ["SHA256SUMS", "moved"])
    async def test_is_read_whole(self, name: str, lists: Lists, upstream: Mirror) -> None:
        assert await lists.read(f"{upstream.url}/{name}", Reach.ANYWHERE, MOST) == b"hello"

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("gone", "cannot be fetched: answered 404 Not Found"),
            ("circle", "cannot be fetched: redirects in circles, or too often"),
            ("huge", "is larger than 100 bytes"),
            ("cut", "cannot be fetched: ended its answer before all was sent"),
        ],
    )
    async def test_that_is_not_to_be_had_is_told(
        self, name: str, why: str, lists: Lists, upstream: Mirror
    ) -> None:
        with pytest.raises(UnreadError) as caught:
            await lists.read(f"{upstream.url}/{name}", Reach.ANYWHERE, MOST)

        assert str(caught.value) == f"{upstream.url}/{name}: {why}"

    async def test_that_stops_half_way_is_told(self, upstream: Mirror) -> None:
        async with Lists(seconds=0.3) as impatient:
            with pytest.raises(UnreadError, match=r"was not sent within 0\.3 s"):
                await impatient.read(f"{upstream.url}/silent", Reach.ANYWHERE, MOST)

    async def test_is_not_read_where_it_may_not_lead(self, lists: Lists, upstream: Mirror) -> None:
        with pytest.raises(UnreadError, match="an address of this host"):
            await lists.read(f"{upstream.url}/SHA256SUMS", Reach.PUBLIC, MOST)

        assert upstream.asked == []

    async def test_of_a_server_that_is_down_is_told(self, lists: Lists) -> None:
        with pytest.raises(UnreadError, match="cannot be fetched: Connection refused"):
            await lists.read("http://127.0.0.1:1/SHA256SUMS", Reach.ANYWHERE, MOST)
