"""A part of a file into a connection, in turns."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.http import outflow
from pyxie.http.outflow import Outflow, cork
from pyxie.openfile import OpenFile, opened

SIZE = 8 << 20


@pytest.fixture
def file(tmp_path: Path) -> OpenFile:
    (tmp_path / "initrd").write_bytes(bytes(SIZE))
    return opened(tmp_path / "initrd")


@pytest.fixture
def line() -> Iterator[tuple[int, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours.fileno(), theirs


def drain(sock: socket.socket) -> int:
    """Take all that has come; return how much that was."""
    came = 0
    with suppress(BlockingIOError):
        while data := sock.recv(1 << 20, socket.MSG_DONTWAIT):
            came += len(data)
    return came


class TestATurn:
    def test_of_a_client_that_takes_what_comes_is_not_ended_by_a_full_buffer(
        self, file: OpenFile, line: tuple[int, socket.socket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outflow, "_MOMENT", struct.pack("@ll", 5, 0))
        number, theirs = line
        came: list[int] = []

        def take() -> None:
            while sum(came) < SIZE:
                came.append(len(theirs.recv(1 << 20)))

        client = threading.Thread(target=take)
        client.start()
        is_done = Outflow(file, 0, SIZE, lambda: 0.0).turn(number)
        client.join()

        assert is_done

    def test_of_a_client_that_takes_nothing_ends_soon(
        self, file: OpenFile, line: tuple[int, socket.socket]
    ) -> None:
        number, theirs = line
        flow = Outflow(file, 0, SIZE)

        assert not flow.turn(number)
        assert not flow.turn(number)
        assert 0 < drain(theirs) < SIZE

    def test_of_a_client_that_is_slow_does_not_wait_for_it(
        self, file: OpenFile, line: tuple[int, socket.socket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outflow, "_MOMENT", struct.pack("@ll", 0, 20_000))
        number, theirs = line
        times = iter(range(100))
        flow = Outflow(file, 0, SIZE, lambda: float(next(times)))
        waits: list[bool] = []
        blocking = os.set_blocking

        def noted(of: int, whether: bool) -> None:
            waits.append(whether)
            blocking(of, whether)

        monkeypatch.setattr(os, "set_blocking", noted)

        for _ in range(3):
            assert not flow.turn(number)
            drain(theirs)

        assert waits == [True, False]  # in the first turn

    def test_leaves_a_connection_that_does_not_block(
        self, file: OpenFile, line: tuple[int, socket.socket]
    ) -> None:
        number, theirs = line

        Outflow(file, 0, 100).turn(number)
        after_one = os.get_blocking(number)
        theirs.close()
        with pytest.raises(ConnectionError):
            Outflow(file, 0, 100).turn(number)

        assert (after_one, os.get_blocking(number)) == (False, False)

    def test_has_the_head_of_the_answer_go_out_with_the_first_bytes(self, file: OpenFile) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            theirs = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        with theirs, ours:
            cork(ours)
            ours.send(b"head")
            with pytest.raises(BlockingIOError):
                theirs.recv(4, socket.MSG_DONTWAIT)

            assert Outflow(file, 0, 4, corked=True).turn(ours.fileno())

            theirs.settimeout(0.1)  # sooner than the kernel itself would let go of it
            assert theirs.recv(100) == b"head" + bytes(4)
            assert not ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK)

    def test_sends_a_head_before_the_first_bytes(
        self, file: OpenFile, line: tuple[int, socket.socket]
    ) -> None:
        assert Outflow(file, 0, 4, head=b"head").turn(line[0])

        assert line[1].recv(100) == b"head" + bytes(4)

    def test_sends_nothing_before_the_whole_head(
        self, file: OpenFile, line: tuple[int, socket.socket]
    ) -> None:
        number, theirs = line
        with suppress(BlockingIOError):
            while os.write(number, bytes(1 << 16)):
                pass
        flow = Outflow(file, 0, 4, head=b"head")

        assert not flow.turn(number)
        drain(theirs)
        assert flow.turn(number)

        assert theirs.recv(100) == b"head" + bytes(4)

    def test_ends_when_others_are_due(
        self, file: OpenFile, line: tuple[int, socket.socket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outflow, "_AT_ONCE", 1000)
        times = iter([0.0, 0.0, 1.0])

        assert not Outflow(file, 0, 3000, lambda: next(times)).turn(line[0])

        assert drain(line[1]) == 2000

    def test_gives_no_more_than_is_asked_for(
        self, file: OpenFile, line: tuple[int, socket.socket]
    ) -> None:
        assert Outflow(file, 100, 150).turn(line[0])

        assert line[1].recv(1000) == bytes(50)

    def test_of_a_file_that_has_become_shorter_fails(
        self, file: OpenFile, line: tuple[int, socket.socket]
    ) -> None:
        os.truncate(file.path, 100)

        with pytest.raises(OSError, match="initrd became shorter while it was sent"):
            Outflow(file, 0, 1000).turn(line[0])

    def test_of_a_client_that_has_left_fails(
        self, file: OpenFile, line: tuple[int, socket.socket]
    ) -> None:
        line[1].close()

        with pytest.raises(ConnectionError):
            Outflow(file, 0, 1000).turn(line[0])


class TestForAnyClient:
    @given(
        start=st.integers(0, 300_000),
        count=st.integers(1, 300_000),
        takes=st.lists(st.sampled_from([1, 100, 5000, 1 << 20]), min_size=1),
    )
    def test_it_has_the_same_bytes_as_one_read_gives(
        self, start: int, count: int, takes: list[int], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "of any client"
        if not path.exists():
            path.write_bytes(os.urandom(600_000))
        file = opened(path)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        came = b""
        with ours, theirs:
            flow = Outflow(file, start, start + count)
            is_done = False
            while not is_done or len(came) < count:
                is_done = is_done or flow.turn(ours.fileno())
                for each in takes:
                    with suppress(BlockingIOError):
                        came += theirs.recv(each, socket.MSG_DONTWAIT)
        file.close()

        assert came == path.read_bytes()[start : start + count]
