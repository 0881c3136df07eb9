from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.http.site import CONFIG, HOST, Answer, serving


class TestIPv6:
    async def test_a_client_is_led_back_by_the_address_it_used(self, tmp_path: Path) -> None:
        config = CONFIG.replace("baseurl: http://boot.internal:8090\n", "")
        if not _has_ipv6():
            pytest.skip("this host has no IPv6")
        async with serving(tmp_path, config=config, listen="::1") as served:
            url = f"http://[::1]:{served.server.port}"
            async with served.session.put(f"{url}/build/{HOST}") as answer:
                assert answer.status == 200
            async with served.session.get(f"{url}/boot.ipxe") as answer:
                # A caller on the host itself is told the first served interface's address.
                assert f"http://192.0.2.1:{served.server.port}/ipxe/" in await answer.text()


class TestDrain:
    @pytest.mark.slow
    async def test_what_is_in_hand_is_ended_within_seconds(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            with (tmp_path / "images/big").open("wb") as file:
                file.truncate(256 << 20)
            reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.write(b"GET /images/big HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")  # and reads no more

            async with asyncio.timeout(60):
                await served.server.drain()

            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.close()

    async def test_a_request_in_hand_is_answered(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            held = asyncio.Event()
            scan = served.parts.machines.refresh

            async def slow() -> object:
                held.set()
                await release.wait()
                return await scan()

            release = asyncio.Event()
            served.parts.machines.refresh = slow  # type: ignore[assignment,method-assign]
            asking = asyncio.create_task(served.get("/list"))
            await held.wait()

            draining = asyncio.create_task(served.server.drain())
            release.set()

            assert await asking == Answer(200, b'["linux001.internal.yaml"]')
            await draining


class TestBaseUrl:
    @pytest.mark.parametrize(
        ("local", "url"),
        [
            ("192.0.2.7", "http://192.0.2.7:81"),
            ("2001:db8::7", "http://[2001:db8::7]:81"),
            ("127.0.0.1", "http://192.0.2.1:81"),
            ("::1", "http://192.0.2.1:81"),
            ("fe80::1", "http://192.0.2.1:81"),
        ],
    )
    async def test_is_of_use_to_whoever_reached_us_there(
        self, tmp_path: Path, local: str, url: str
    ) -> None:
        config = CONFIG.replace("baseurl: http://boot.internal:8090\n", "")
        async with serving(tmp_path, config=config) as served:
            assert served.parts.base_url(ip_address(local), 81) == url

    async def test_is_the_setting_where_there_is_one(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert served.parts.base_url(ip_address("192.0.2.7"), 81) == "http://boot.internal:8090"


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
