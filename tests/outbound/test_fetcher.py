"""What a fetch may lead to is judged by the address that is connected to, at each redirect."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import aiohttp
import pytest

from pyxie.outbound.fetcher import Fetcher, RedirectError, is_of_this_host
from pyxie.outbound.mark import is_fetch
from pyxie.outbound.proxies import proxies_of
from pyxie.outbound.reach import OutOfReachError, Reach, Zone
from tests.http.upstream import mirror
from tests.outbound.proxy import forward_proxy


async def fetched(url: str, reach: Reach, fetcher: Fetcher | None = None) -> bytes:
    async with fetcher or Fetcher() as opened, opened.get(url, reach) as got:
        return await got.answer.read()


def port(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names, and the addresses that they lead to, in turn."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, number: int, *rest: Any, **named: Any) -> Any:
        if host in known:
            turn = known[host]
            host = turn.pop(0) if len(turn) > 1 else turn[0]
        return real(host, number, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


class TestWhatAFileNames:
    async def test_may_be_anywhere(self) -> None:
        async with mirror({"linux": b"kernel"}) as there:
            assert await fetched(f"{there.url}/linux", Reach.ANYWHERE) == b"kernel"

    async def test_bears_the_mark_and_is_asked_for_as_it_is(self) -> None:
        async with mirror({"linux": b"kernel"}) as there:
            await fetched(f"{there.url}/linux", Reach.ANYWHERE)

        assert is_fetch(there.headers[0])
        assert there.headers[0]["Accept-Encoding"] == "identity"


class TestWhatOthersName:
    @pytest.mark.parametrize("reach", [Reach.PUBLIC, Reach.SITE])
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "127.9.9.9"]
    )
    async def test_is_not_connected_to_on_this_host(self, host: str, reach: Reach) -> None:
        async with mirror({"linux": b"kernel"}) as there:
            with pytest.raises(OutOfReachError) as error:
                await fetched(f"http://{host}:{port(there.url)}/linux", reach)

            assert error.value.zone is Zone.HERE
            assert there.asked == []

    @pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
    async def test_is_refused_in_other_spellings(self, host: str) -> None:
        async with mirror({"linux": b"kernel"}) as there:
            with pytest.raises((OutOfReachError, aiohttp.ClientError, ValueError)):
                await fetched(f"http://{host}:{port(there.url)}/linux", Reach.PUBLIC)

            assert there.asked == []

    async def test_is_judged_by_where_a_name_leads(self, names: dict[str, list[str]]) -> None:
        names["files.example"] = ["127.0.0.1"]
        async with mirror({"linux": b"kernel"}) as there:
            with pytest.raises(OutOfReachError) as error:
                await fetched(f"http://files.example:{port(there.url)}/linux", Reach.PUBLIC)

            assert str(error.value.address) == "127.0.0.1"
            assert there.asked == []

    @pytest.mark.parametrize("address", ["10.255.255.254", "169.254.169.254", "100.64.0.1"])
    async def test_is_no_inner_address(self, address: str) -> None:
        with pytest.raises(OutOfReachError):
            await fetched(f"http://{address}/latest/meta-data", Reach.PUBLIC)


class TestARedirect:
    async def test_to_the_same_place_is_followed(self) -> None:
        async with mirror({"linux": "/moved", "moved": b"kernel"}) as there:
            assert await fetched(f"{there.url}/linux", Reach.ANYWHERE) == b"kernel"

    async def test_to_another_port_of_this_host_is_not(self) -> None:
        async with (
            mirror({"audit": b"secret"}) as inner,
            mirror({"linux": f"{inner.url}/audit"}) as there,
        ):
            with pytest.raises(OutOfReachError, match=r"leads to 127\.0\.0\.1, an address"):
                await fetched(f"{there.url}/linux", Reach.ANYWHERE)

            assert inner.asked == []

    async def test_is_judged_though_there_is_a_connection_already(self) -> None:
        """What the operator named may be kept open; a redirect must not find it."""
        async with (
            mirror({"linux": b"kernel", "audit": b"secret"}) as inner,
            mirror({"linux": f"{inner.url}/audit"}) as there,
            Fetcher() as fetcher,
        ):
            async with fetcher.get(f"{inner.url}/linux", Reach.ANYWHERE) as got:
                assert await got.answer.read() == b"kernel"

            with pytest.raises(OutOfReachError):
                async with fetcher.get(f"{there.url}/linux", Reach.ANYWHERE):
                    pass

            assert inner.asked == [("GET", "linux")]

    async def test_to_a_name_that_leads_elsewhere_by_then_is_not(
        self, names: dict[str, list[str]]
    ) -> None:
        """The first look-up is harmless, the second is not: DNS rebinding."""
        async with mirror({"audit": b"secret"}) as inner:
            names["files.example"] = ["127.0.0.2", "127.0.0.1"]
            server = await asyncio.start_server(
                _redirecting(f"http://files.example:{port(inner.url)}/audit"), "127.0.0.2", 0
            )
            async with server:
                at = server.sockets[0].getsockname()[1]
                with pytest.raises(OutOfReachError):
                    await fetched(f"http://files.example:{at}/linux", Reach.ANYWHERE)

            assert inner.asked == []

    async def test_goes_on_with_the_password_only_on_the_same_server(self) -> None:
        async with mirror({"linux": "/moved", "moved": b"kernel"}) as there:
            url = there.url.replace("//", "//me:sesame@")
            await fetched(f"{url}/linux", Reach.ANYWHERE)

        assert ["Authorization" in each for each in there.headers] == [True, True]

    async def test_of_a_proxied_one_is_judged_as_from_a_public_server(self) -> None:
        async with (
            mirror({"audit": b"secret"}) as inner,
            mirror({"linux": f"{inner.url}/audit"}) as there,
            forward_proxy({"files.invalid:80": port(there.url)}) as proxy,
        ):
            proxies = proxies_of({"http_proxy": f"http://127.0.0.1:{proxy.port}"})
            with pytest.raises(OutOfReachError):
                await fetched("http://files.invalid/linux", Reach.ANYWHERE, Fetcher(proxies))

            assert inner.asked == []

    @pytest.mark.parametrize("location", ["http://10.9.9.9/x", "http://169.254.169.254/x"])
    async def test_by_way_of_a_proxy_is_judged_by_the_address_in_it(self, location: str) -> None:
        async with (
            mirror({"linux": location}) as there,
            forward_proxy({"files.invalid:80": port(there.url)}) as proxy,
        ):
            proxies = proxies_of({"http_proxy": f"http://127.0.0.1:{proxy.port}"})
            with pytest.raises(OutOfReachError):
                await fetched("http://files.invalid/linux", Reach.ANYWHERE, Fetcher(proxies))

            assert len(proxy.asked) == 1

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[", "ftp://x/"])
    async def test_to_what_is_no_url_of_http_is_not_followed(self, location: str) -> None:
        server = await asyncio.start_server(_redirecting(location), "127.0.0.1", 0)
        async with server:
            at = server.sockets[0].getsockname()[1]
            with pytest.raises(RedirectError, match="no URL of HTTP"):
                await fetched(f"http://127.0.0.1:{at}/linux", Reach.ANYWHERE)

    async def test_in_circles_ends(self) -> None:
        async with mirror({"linux": "/linux"}) as there:
            with pytest.raises(RedirectError, match="in circles"):
                await fetched(f"{there.url}/linux", Reach.ANYWHERE)

        assert len(there.asked) == 11


class TestThisHost:
    @pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
    def test_has_its_loopback_addresses(self, address: str) -> None:
        # Of the others of 127/8 the source is 127.0.0.1; those are told by the address alone.
        assert is_of_this_host(ip_address(address)) is (address != "127.0.0.2")

    @pytest.mark.parametrize("address", ["192.0.2.77", "255.255.255.255", "fe80::77"])
    def test_has_no_others(self, address: str) -> None:
        assert not is_of_this_host(ip_address(address))


def _redirecting(location: str) -> Any:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        writer.close()

    return answer
