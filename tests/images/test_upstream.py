"""Streaming itself; what a client sees of it is in tests/http/test_boot.py."""

from __future__ import annotations

import aiohttp
import pytest

from pyxie.images.upstream import BrokenOffError, UpstreamError, Upstreams, _words
from tests.http.upstream import mirror


class TestWords:
    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (TimeoutError(), "does not answer"),
            (aiohttp.ServerTimeoutError(), "does not answer"),
            (aiohttp.ClientError("in words"), "in words"),
            (aiohttp.ClientError(), "ClientError"),
        ],
    )
    def test_say_what_went_wrong(self, error: Exception, words: str) -> None:
        assert _words(error) == words


class TestErrors:
    def test_name_the_file_and_the_reason(self) -> None:
        assert str(UpstreamError("http://m.example/linux", "answered 404 Not Found")) == (
            "http://m.example/linux: answered 404 Not Found"
        )

    def test_one_half_way_is_also_a_broken_connection(self) -> None:
        error = BrokenOffError("http://m.example/linux", "broke off")

        assert isinstance(error, ConnectionError)
        assert str(error) == "http://m.example/linux: broke off"


class TestAsking:
    async def test_asks_for_the_bytes_as_they_are_and_keeps_no_cookies(self) -> None:
        async with mirror({"linux": b"kernel"}) as there, Upstreams() as upstreams:
            assert upstreams._session is not None
            async with upstreams._session.get(f"{there.url}/linux") as answer:
                assert await answer.read() == b"kernel"

            assert upstreams._session.headers["Accept-Encoding"] == "identity"
            assert isinstance(upstreams._session.cookie_jar, aiohttp.DummyCookieJar)

    async def test_a_whole_image_may_take_long_but_not_silence(self) -> None:
        async with Upstreams() as upstreams:
            assert upstreams._session is not None
            timeout = upstreams._session.timeout

            assert (timeout.total, timeout.sock_connect, timeout.sock_read) == (None, 10.0, 30.0)
