"""The loop in asyncio's place."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pyxie.tftp.turning import PollLoop


@pytest.fixture
def loop() -> Iterator[PollLoop]:
    loop = PollLoop()
    yield loop
    loop.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        yield ours, theirs


class TestAFile:
    def test_is_read_while_it_has_something(
        self, loop: PollLoop, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = pair
        read: list[bytes] = []
        loop.add_reader(ours.fileno(), lambda size: read.append(ours.recv(size)), 8)
        theirs.send(b"a")
        theirs.send(b"b")

        loop.turn()
        loop.turn()

        assert read == [b"a", b"b"]

    def test_is_told_of_room_until_nobody_asks(
        self, loop: PollLoop, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        number = pair[0].fileno()
        told: list[str] = []
        loop.add_reader(number, told.append, "read")
        loop.add_writer(number, told.append, "room")
        loop.turn()
        pair[1].send(b"a")

        loop.turn()
        loop.remove_writer(number)
        loop.turn()
        loop.remove_reader(number)
        loop.call_at(loop.time(), told.append, "time")
        loop.turn()

        assert told == ["room", "read", "room", "read", "time"]

    def test_may_be_forgotten_twice(self, loop: PollLoop) -> None:
        loop.remove_reader(0)
        loop.remove_writer(0)

    def test_that_the_first_callback_forgets_is_not_called_again(
        self, loop: PollLoop, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        number = pair[0].fileno()
        told: list[str] = []

        def read() -> None:
            told.append("read")
            loop.remove_writer(number)

        loop.add_reader(number, read)
        loop.add_writer(number, told.append, "room")
        pair[1].send(b"a")

        loop.turn()

        assert told == ["read"]


class TestATimer:
    def test_is_called_in_its_turn_and_not_before(self, loop: PollLoop) -> None:
        told: list[str] = []
        now = loop.time()
        late = loop.call_at(now + 0.02, told.append, "late")
        loop.call_at(now + 0.01, told.append, "soon")

        loop.turn()
        before = list(told)
        loop.turn()

        assert (before, told) == (["soon"], ["soon", "late"])
        assert late.when() == now + 0.02

    def test_that_was_cancelled_is_not_called(self, loop: PollLoop) -> None:
        told: list[str] = []
        loop.call_at(loop.time() + 0.01, told.append, "cancelled").cancel()
        loop.call_at(loop.time() + 0.02, told.append, "called")

        loop.turn()

        assert told == ["called"]
