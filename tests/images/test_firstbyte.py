"""Somebody waits for the first byte of a file, or nobody does."""

from __future__ import annotations

import asyncio

import pytest

from pyxie.images.firstbyte import FirstByte, TooLateError
from tests.support import Passing


class Server:
    """Another server, which answers when it may; and the client, which waits or does not."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.gave_up = False
        self.has_left = False
        self.told: list[float] = []

    async def answer(self) -> bytes:
        try:
            await self.may.wait()
        except asyncio.CancelledError:
            self.gave_up = True
            raise
        return b"kernel"

    def waited_for(self, seconds: float, told: float = 0.02) -> FirstByte:
        return FirstByte(seconds, lambda: self.has_left, self.told.append, told=told, look=0.01)


async def test_what_comes_in_time_is_returned_and_that_it_was_waited_for_told_once() -> None:
    server = Server()
    asyncio.get_running_loop().call_later(0.2, server.may.set)

    assert await server.waited_for(60).of(server.answer()) == b"kernel"
    assert server.told == [60]


async def test_what_comes_at_once_is_not_told() -> None:
    server = Server()
    server.may.set()

    assert await server.waited_for(60, told=0.0).of(server.answer()) == b"kernel"
    assert server.told == []


async def test_what_does_not_come_is_given_up_and_the_setting_named() -> None:
    server = Server()
    with pytest.raises(TooLateError) as error:
        await server.waited_for(0.05).of(server.answer())

    assert str(error.value) == (
        "sent nothing within 0.05 s, the most that 'limits.first_byte' allows"
    )
    assert server.gave_up


async def test_the_time_is_for_all_that_comes_before_the_first_byte() -> None:
    server = Server()
    first, time = server.waited_for(60), Passing()
    await first.of(time.on(40))
    await time.on(30)

    with pytest.raises(TooLateError):
        await first.of(server.answer())


async def test_nothing_is_waited_for_that_nobody_wants_any_more() -> None:
    server = Server()
    server.has_left = True
    with pytest.raises(ConnectionResetError, match="the client has left"):
        await server.waited_for(60).of(server.answer())

    assert server.gave_up


async def test_what_fails_raises_its_own_error() -> None:
    async def fails() -> bytes:
        raise OSError("no route")

    with pytest.raises(OSError, match="no route"):
        await Server().waited_for(60).of(fails())
