"""Files that `pyxie boot` names, given to the daemon alone."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from pyxie.bounds import AT_HAND
from pyxie.commands.athand import FilesAtHand

KERNEL = b"kernel " * 4000
DAEMON = "http://127.0.0.1:8090"


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    file = tmp_path / "vmlinuz"
    file.write_bytes(KERNEL)
    return file


async def got(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True)) as answer:
        return answer.status, await answer.read()


async def test_are_given_to_who_knows_the_password_and_to_nobody_else(kernel: Path) -> None:
    async with FilesAtHand([kernel], DAEMON) as at_hand:
        [url] = at_hand.urls
        stranger = str(URL(url).with_user(None))

        assert await got(url) == (200, KERNEL)
        assert (await got(stranger))[0] == 403
        assert (await got(url.replace("/0/vmlinuz", "/0/other")))[0] == 404
        assert (await got(url.replace("/0/vmlinuz", "/1/vmlinuz")))[0] == 404


async def test_idle_connections_make_room_for_the_daemons(kernel: Path) -> None:
    before = AT_HAND.times
    async with FilesAtHand([kernel], DAEMON) as at_hand, AsyncExitStack() as stack:
        [url] = at_hand.urls
        for _ in range(AT_HAND.whole):
            _, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
            stack.callback(writer.close)

        assert await got(url) == (200, KERNEL)

    assert AT_HAND.times > before
