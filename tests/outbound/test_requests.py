"""What goes out goes by way of the proxy that is for it, also after a redirect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from pyxie.bootapi.answer import Answer
from pyxie.bootapi.lookup import BootApi
from pyxie.bootapi.memory import Memory, Nothing
from pyxie.compat import contract
from pyxie.hooks.process import Outcome
from pyxie.hooks.webhook import call
from pyxie.metrics import Metrics
from pyxie.outbound.proxies import Proxies, ProxyError, proxies_of
from pyxie.outbound.requests import reason, request_class
from tests.bootapi.server import api_server
from tests.dhcp.test_server import FakeRecorder
from tests.http.upstream import mirror
from tests.outbound.proxy import ForwardProxy, forward_proxy

FILES = "files.invalid"
BASIC = "Basic bWU6c2VzYW1l"
MAC = "52:54:00:00:00:07"


def by(proxy: ForwardProxy, no_proxy: str = "") -> Proxies:
    where = f"http://me:sesame@127.0.0.1:{proxy.port}"
    return proxies_of({"all_proxy": where, "no_proxy": no_proxy})


async def get(url: str, proxies: Proxies, **options: Any) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession(request_class=request_class(proxies)) as session,
        session.get(url, **options) as answer,
    ):
        return answer.status, await answer.read()


def port(url: str) -> int:
    return int(url.rpartition(":")[2])


class TestARequest:
    async def test_for_a_name_that_only_the_proxy_can_resolve_goes_there(self) -> None:
        async with (
            mirror({"linux": b"kernel"}) as there,
            forward_proxy({f"{FILES}:80": port(there.url)}) as proxy,
        ):
            assert await get(f"http://{FILES}/linux", by(proxy)) == (200, b"kernel")

        assert proxy.asked == [f"GET http://{FILES}/linux HTTP/1.1"]
        assert proxy.authorized == [BASIC]

    async def test_for_this_host_itself_does_not(self) -> None:
        async with mirror({"linux": b"kernel"}) as there, forward_proxy() as proxy:
            assert await get(f"{there.url}/linux", by(proxy)) == (200, b"kernel")

        assert proxy.asked == []

    async def test_that_is_sent_on_goes_where_the_new_url_has_to(self) -> None:
        """The first by way of the proxy; the second not, and without the proxy's password."""
        async with (
            mirror({"linux": b"kernel"}) as near,
            mirror({"linux": f"{near.url}/linux"}) as far,
            forward_proxy({f"{FILES}:80": port(far.url)}) as proxy,
        ):
            assert await get(f"http://{FILES}/linux", by(proxy)) == (200, b"kernel")

        assert proxy.asked == [f"GET http://{FILES}/linux HTTP/1.1"]
        assert near.asked == [("GET", "linux")]
        assert "Proxy-Authorization" not in near.headers[0]

    async def test_for_https_has_the_proxy_connect_without_telling_more_than_the_host(self) -> None:
        async with forward_proxy(status="403 Forbidden") as proxy:
            with pytest.raises(aiohttp.ClientHttpProxyError):
                await get(f"https://{FILES}/linux?key=secret", by(proxy))

        assert proxy.asked == [f"CONNECT {FILES}:443 HTTP/1.1"]
        assert proxy.authorized == [BASIC]

    async def test_is_not_made_if_its_proxy_cannot_be_used(self) -> None:
        proxies = proxies_of({"http_proxy": "socks5://127.0.0.1:1080"})

        with pytest.raises(ProxyError, match="SOCKS"):
            await get(f"http://{FILES}/linux", proxies)

    async def test_takes_no_password_from_netrc(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        """As aiohttp does if it is told to trust the environment."""
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login root password sesame\n")
        (tmp_path / ".netrc").chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        async with mirror({"linux": b"kernel"}) as there, forward_proxy() as proxy:
            await get(f"{there.url}/linux", by(proxy))

        assert "Authorization" not in there.headers[0]


class TestABootApi:
    async def asked(self, url: str, environ: Mapping[str, str]) -> Answer | Nothing:
        api = BootApi(
            SecretStr(url),
            contract,
            Memory(),
            FakeRecorder(),
            Metrics(),
            proxies=proxies_of(environ),
        )
        async with api:
            return await api.ask(MAC)

    async def test_is_asked_by_way_of_the_proxy(self) -> None:
        async with (
            api_server(**{MAC: {"kernel": "http://files.example/k"}}) as server,
            forward_proxy({"api.invalid:80": port(server.url)}) as proxy,
        ):
            environ = {"http_proxy": f"http://127.0.0.1:{proxy.port}"}
            said = await self.asked("http://api.invalid", environ)

        assert said == Answer(kernel="http://files.example/k")

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_that_the_proxy_lets_nobody_through_to_is_down(self, scheme: str) -> None:
        """Not one that has nothing for the machine, which would boot from its disk."""
        async with forward_proxy(status="407 Proxy Authentication Required") as proxy:
            environ = {"all_proxy": f"http://127.0.0.1:{proxy.port}"}
            said = await self.asked(f"{scheme}://api.invalid", environ)

        assert isinstance(said, Nothing)
        assert not said.certain
        assert "407" in said.why

    async def test_whose_proxy_is_away_or_none_says_so(self) -> None:
        away = await self.asked("http://api.invalid", {"http_proxy": "http://127.0.0.1:1"})
        none = await self.asked("http://api.invalid", {"http_proxy": "socks5://127.0.0.1"})

        assert away == Nothing(
            "cannot be reached: the proxy 127.0.0.1:1 cannot be reached: Connection refused",
            certain=False,
        )
        assert isinstance(none, Nothing)
        assert none.why.startswith("cannot be reached: http_proxy: is a SOCKS proxy")


class TestAWebhook:
    async def test_is_sent_by_way_of_the_proxy(self) -> None:
        async with (
            mirror({"hook": b"thanks"}) as there,
            forward_proxy({"hooks.invalid:80": port(there.url)}) as proxy,
        ):
            outcome = await call("http://hooks.invalid/hook", {"host": "web01"}, 10, by(proxy))

        assert outcome == Outcome(ok=True, result="HTTP 200", output="thanks")
        assert there.bodies == [b'{"host": "web01"}']

    @pytest.mark.parametrize(
        ("status", "environ", "why"),
        [
            ("407 No", {}, "the proxy answered 407 Proxy Authentication Required"),
            ("", {"https_proxy": "http://me:sesame@127.0.0.1:1"}, "the proxy 127.0.0.1:1 cannot"),
            ("", {"https_proxy": "socks5://me:sesame@x"}, "https_proxy: is a SOCKS proxy"),
        ],
    )
    async def test_that_the_proxy_does_not_send_says_so_without_secrets(
        self, status: str, environ: dict[str, str], why: str
    ) -> None:
        async with forward_proxy(status=status) as proxy:
            proxies = proxies_of(environ) if environ else by(proxy)
            outcome = await call("https://hooks.invalid/hook?key=sesame", {}, 10, proxies)

        assert not outcome.ok
        assert outcome.result.startswith(f"cannot be called: {why}")
        assert "sesame" not in outcome.result


class TestReason:
    """Why a server was not reached, without "ssl:default" and asyncio's list of addresses."""

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("http://127.0.0.1:1/linux", "Connection refused"),
            ("https://127.0.0.1:1/linux", "Connection refused"),
            ("http://no-such-host.invalid/linux", "no address is known of the host"),
        ],
    )
    async def test_is_what_went_wrong_and_no_more(self, url: str, words: str) -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError) as caught:
                await session.get(url)

        assert reason(caught.value).startswith(words)
        assert "ssl:" not in reason(caught.value)
        assert "[" not in reason(caught.value)

    def test_of_several_addresses_is_that_of_the_first(self) -> None:
        """As asyncio joins them, when a name has an address of IPv4 and one of IPv6."""
        key = aiohttp.client_reqrep.ConnectionKey("localhost", 1, False, True, None, None, None)
        tried = "[Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect call failed ('127"
        exc = aiohttp.ClientConnectorError(key, OSError(f"Multiple exceptions: {tried}"))

        assert reason(exc) == "Connection refused"

    def test_of_what_says_nothing_is_its_kind(self) -> None:
        assert reason(ConnectionResetError()) == "ConnectionResetError"
