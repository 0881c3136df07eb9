"""Names of other servers: looked up by threads that hold up nobody else, nor the end."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pyxie.hooks.webhook import call
from pyxie.outbound.resolver import Resolver


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the name servers say nothing of ``silent.example``."""
    over, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *rest: Any, **named: Any) -> Any:
        if host == "silent.example":
            over.wait(60)
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    over.set()


class TestAddresses:
    async def test_are_those_that_the_host_knows(self) -> None:
        (found,) = await Resolver("a test").resolve("127.0.0.1", 80)

        assert (found["host"], found["port"], found["family"]) == ("127.0.0.1", 80, socket.AF_INET)

    async def test_of_a_name_that_nobody_knows_are_an_error(self) -> None:
        with pytest.raises(OSError, match="ame"):  # in the C library's words
            await Resolver("a test").resolve("no-such-host.invalid", 80)


class TestASilentNameServer:
    @pytest.mark.usefixtures("silent")
    def test_does_not_hold_up_the_end(self) -> None:
        began = time.monotonic()

        outcome = asyncio.run(call("http://silent.example/", {}, 0.2))

        assert outcome.result == "no answer within 0.2 s"
        assert time.monotonic() - began < 20

    @pytest.mark.usefixtures("silent")
    async def test_nor_those_who_ask_for_another_part(self) -> None:
        webhooks, images = Resolver("webhooks"), Resolver("images")
        asked = [asyncio.create_task(webhooks.resolve("silent.example")) for _ in range(40)]
        await asyncio.sleep(0.01)

        async with asyncio.timeout(60):
            assert await images.resolve("127.0.0.1")
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
