"""Streaming itself; what a client sees of it is in tests/http/test_boot.py."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from pyxie.config.settings import Limits
from pyxie.images.spec import Upstream
from pyxie.images.upstream import (
    FIRST_BYTE,
    SILENCE,
    BrokenOffError,
    RefusedError,
    UpstreamError,
    Upstreams,
    in_words,
)
from pyxie.outbound.proxies import proxies_of
from tests.http.upstream import mirror
from tests.outbound.proxy import forward_proxy


class TestWords:
    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (TimeoutError(), "does not answer"),
            (aiohttp.ServerTimeoutError(), "does not answer"),
            (aiohttp.ClientError(), "ClientError"),
        ],
    )
    def test_say_what_went_wrong(self, error: Exception, words: str) -> None:
        assert in_words(error) == words


class TestErrors:
    def test_name_the_file_and_the_reason(self) -> None:
        assert str(UpstreamError("http://m.example/linux", "answered 404 Not Found")) == (
            "http://m.example/linux: answered 404 Not Found"
        )

    def test_one_half_way_is_also_a_broken_connection(self) -> None:
        error = BrokenOffError("http://m.example/linux", "broke off")

        assert isinstance(error, ConnectionError)
        assert str(error) == "http://m.example/linux: broke off"


class TestAProxy:
    """By way of which it is asked; tests/outbound has which one that is."""

    async def test_that_says_no_is_named_without_its_password(self) -> None:
        async with forward_proxy(status="403 Forbidden") as proxy:
            where = f"127.0.0.1:{proxy.port}"
            proxies = proxies_of({"all_proxy": f"http://me:sesame@{where}"})
            async with Upstreams(proxies) as upstreams:
                plain = await refusal(upstreams, "http://files.invalid/linux")
                tls = await refusal(upstreams, "https://files.invalid/linux")

        assert plain == (
            "http://files.invalid/linux: answered 403 Forbidden, "
            f"by way of the proxy {where} (all_proxy)"
        )
        assert tls == "https://files.invalid/linux: the proxy answered 403 Forbidden"

    async def test_that_wants_a_password_has_not_said_that_there_is_no_such_file(self) -> None:
        assert RefusedError("http://m.example/x", 404, "Not Found").is_absence
        assert not RefusedError("http://m.example/x", 407, "Proxy …").is_absence

    async def test_that_is_away_or_cannot_be_used_says_so(self) -> None:
        async with Upstreams(proxies_of({"http_proxy": "http://127.0.0.1:1"})) as upstreams:
            away = await refusal(upstreams, "http://files.invalid/linux")
        async with Upstreams(proxies_of({"http_proxy": "socks5://127.0.0.1"})) as upstreams:
            none = await refusal(upstreams, "http://files.invalid/linux")

        assert away == (
            "http://files.invalid/linux: the proxy 127.0.0.1:1 cannot be reached: "
            "Connection refused"
        )
        assert none.startswith("http://files.invalid/linux: http_proxy: is a SOCKS proxy")


async def refusal(upstreams: Upstreams, url: str) -> str:
    request = make_mocked_request("GET", "/")
    with pytest.raises(UpstreamError) as error:
        await upstreams.stream(Upstream(url), request)
    return str(error.value)


class TestPatience:
    """Stubs that take longer are in tests/http/test_boot.py, and tests/images/test_firstbyte.py."""

    def test_is_minutes_for_the_first_byte_and_half_a_minute_from_then_on(self) -> None:
        assert FIRST_BYTE == Limits().first_byte == 300
        assert SILENCE == 30

    async def test_ends_when_a_server_falls_silent_half_way(self) -> None:
        async with (
            mirror({"linux": ("stops", bytes(100_000))}) as there,
            Upstreams(silence=0.1) as upstreams,
        ):
            source = Upstream(f"{there.url}/linux")
            with pytest.raises(BrokenOffError) as error:
                await upstreams.stream(source, make_mocked_request("GET", "/"))

        assert str(error.value) == f"{there.url}/linux: broke off: does not answer"
