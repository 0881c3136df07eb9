from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from pyxie.http import outflow
from pyxie.http.outflow import Given, cork, give, room
from pyxie.openfile import Descriptor, OpenFile, opened

SIZE = 8 << 20


@pytest.fixture
def file(tmp_path: Path) -> OpenFile:
    (tmp_path / "initrd").write_bytes(bytes(SIZE))
    return opened(tmp_path / "initrd")


@pytest.fixture
def line() -> Iterator[tuple[Descriptor, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    # A number of its own, as a connection's is.
    out = Descriptor(os.dup(ours.fileno()))
    with ours, theirs:
        yield out, theirs
    out.close()


def drain(sock: socket.socket) -> None:
    """Take all that has come."""
    with suppress(BlockingIOError):
        while sock.recv(1 << 20, socket.MSG_DONTWAIT):
            pass


class TestATurn:
    def test_of_a_client_that_takes_what_comes_is_not_ended_by_a_full_buffer(
        self,
        file: OpenFile,
        line: tuple[Descriptor, socket.socket],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(outflow, "_BRISK", 1000)  # a socket pair's buffer is a small one
        out, theirs = line
        looks = count()

        def clock() -> float:
            if next(looks) % 2 == 0:  # at the start, and whenever the buffer is full
                drain(theirs)
            return 0.0

        assert give(out, file, 0, SIZE, clock) == Given(SIZE, is_full=False)

    def test_of_a_client_that_takes_nothing_ends_at_once(
        self, file: OpenFile, line: tuple[Descriptor, socket.socket]
    ) -> None:
        first = give(line[0], file, 0, SIZE)

        second = give(line[0], file, first.bytes, SIZE - first.bytes)

        assert 0 < first.bytes < SIZE
        assert first.is_full
        assert second == Given(0, is_full=True)

    def test_has_the_head_of_the_answer_go_out_with_the_first_bytes(self, file: OpenFile) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            theirs = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        with theirs, ours:
            out = Descriptor(os.dup(ours.fileno()))
            cork(ours)
            ours.send(b"head")
            with pytest.raises(BlockingIOError):
                theirs.recv(4, socket.MSG_DONTWAIT)

            give(out, file, 0, 4, corked=True)

            theirs.settimeout(0.1)  # sooner than the kernel itself would let go of it
            assert theirs.recv(100) == b"head" + bytes(4)
            assert not ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK)
            out.close()

    def test_ends_when_others_are_due(
        self, file: OpenFile, line: tuple[Descriptor, socket.socket]
    ) -> None:
        times = iter([0.0, 1.0])

        given = give(line[0], file, 0, 3000, clock=lambda: next(times))

        assert given == Given(3000, is_full=False)

    def test_gives_no_more_than_is_asked_for(
        self, file: OpenFile, line: tuple[Descriptor, socket.socket]
    ) -> None:
        assert give(line[0], file, 100, 50) == Given(50, is_full=False)

        assert line[1].recv(1000) == bytes(50)

    def test_of_a_file_that_has_become_shorter_fails(
        self, file: OpenFile, line: tuple[Descriptor, socket.socket]
    ) -> None:
        os.truncate(file.path, 100)

        with pytest.raises(OSError, match="initrd became shorter while it was sent"):
            give(line[0], file, 0, 1000)

    def test_of_a_client_that_has_left_fails(
        self, file: OpenFile, line: tuple[Descriptor, socket.socket]
    ) -> None:
        line[1].close()

        with pytest.raises(ConnectionError):
            give(line[0], file, 0, 1000)


class TestRoom:
    async def test_is_waited_for(
        self, file: OpenFile, line: tuple[Descriptor, socket.socket]
    ) -> None:
        out, theirs = line
        give(out, file, 0, SIZE)
        near, far = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=near
        )
        theirs.setblocking(False)

        waits = asyncio.create_task(room(out, transport))
        await asyncio.sleep(0)
        was_done = waits.done()
        drain(theirs)
        await asyncio.wait_for(waits, 5)

        assert not was_done
        transport.close()
        far.close()

    async def test_of_a_client_that_has_left_is_none(
        self, line: tuple[Descriptor, socket.socket]
    ) -> None:
        near, far = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=near
        )
        transport.close()

        with pytest.raises(ConnectionResetError):
            await room(line[0], transport)
        far.close()
