"""One port for all transfers: what the network says of it, and room to send."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ack
from pyxie.tftp.shared import SharedPort, is_request
from pyxie.tftp.sockets import listen
from tests.support import eventually
from tests.tftp.fake import failure
from tests.tftp.lab import Client, serving

LOADER = bytes(n * 31 % 256 for n in range(5000))
RRQ = b"\0\1loader\0octet\0"
PEER = ("192.0.2.7", 2070)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "loader").write_bytes(LOADER)
    return tmp_path


class FakePort:
    """A port whose send buffer is full as often as it is told."""

    def __init__(self, *failures: OSError) -> None:
        self.failures = list(failures)
        self.sent: list[tuple[bytes, tuple[str, int]]] = []

    def fileno(self) -> int:
        raise NotImplementedError

    def getsockname(self) -> tuple[str, int]:
        raise NotImplementedError

    def recvmsg(
        self, size: int, ancillary_size: int, flags: int = 0, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, tuple[str, int]]:
        raise BlockingIOError

    def sendmsg(
        self,
        buffers: Iterable[bytes | memoryview],
        ancillary: Iterable[tuple[int, int, bytes]],
        flags: int,
        address: tuple[str, int],
        /,
    ) -> int:
        if self.failures:
            raise self.failures.pop(0)
        whole = b"".join(buffers)
        self.sent.append((whole, address))
        return len(whole)

    def close(self) -> None:
        raise NotImplementedError


def shared(sock: FakePort) -> tuple[SharedPort, list[str]]:
    calls: list[str] = []
    port = SharedPort(
        sock,
        lambda _local, _peer: 1468,
        lambda peer: calls.append(f"left {peer[1]}"),
        lambda: calls.append("waits"),
    )
    return port, calls


def test_a_request_is_told_from_what_belongs_to_a_transfer() -> None:
    assert is_request(RRQ)
    assert is_request(b"\0\2loader\0octet\0")
    assert not any(map(is_request, (ack(1), b"\0\5\0\0x\0", b"\0\3\0\1", b"", b"\0")))


class TestErrors:
    """With IP_RECVERR a socket reports at its next call what became of any earlier one."""

    @pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.EHOSTUNREACH])
    def test_of_another_peer_lose_no_datagram(self, number: int) -> None:
        sock = FakePort(failure(number))
        port, _ = shared(sock)
        end, fitting = port.connect("192.0.2.1", PEER)

        assert end.send(b"data") == 4
        assert sock.sent == [(b"data", PEER)]
        assert fitting == 1468

    def test_of_our_own_are_raised(self) -> None:
        for failures in (
            [failure(errno.ENOBUFS)],
            [failure(errno.EHOSTUNREACH), failure(errno.EHOSTUNREACH)],
        ):
            end, _ = shared(FakePort(*failures))[0].connect("192.0.2.1", PEER)
            with pytest.raises(OSError, match=r"No buffer|No route"):
                end.send(b"data")

    def test_when_reading_are_survived_if_they_are_of_one_peer(self) -> None:
        port, _ = shared(FakePort())

        assert port.survives(failure(errno.ECONNREFUSED))
        assert not port.survives(failure(errno.EBADF))

    def test_do_not_end_a_reply(self) -> None:
        sock = FakePort(failure(errno.ENETDOWN))

        shared(sock)[0].reply(b"error", IPv4Address("192.0.2.1"), PEER)

        assert sock.sent == []

    def test_tell_who_has_closed_its_port(self) -> None:
        sock, gone = listen("127.0.0.1", 0, True), socket.socket(type=socket.SOCK_DGRAM)
        gone.bind(("127.0.0.1", 0))
        peer = gone.getsockname()
        gone.close()
        left: list[tuple[str, int]] = []
        with contextlib.closing(sock):
            port = SharedPort(sock, lambda *_: 512, left.append, lambda: None)
            end, _ = port.connect("127.0.0.1", peer)

            end.send(b"to nobody")

            port.hear_errors()
            assert left == [peer]


class TestRoom:
    def test_is_waited_for_in_turn(self) -> None:
        port, calls = shared(FakePort())
        first, second = (port.connect("192.0.2.1", PEER)[0] for _ in range(2))
        assert first.fileno() != second.fileno()

        for end in (first, second):
            port.register(end.fileno(), 1)
            port.modify(end.fileno(), 1 | 4)
        assert calls == ["waits", "waits"]
        assert port.waiting() == (first.fileno(), second.fileno())
        assert port.waits(first.fileno())

    def test_is_not_waited_for_by_those_who_are_over_or_have_other_work(self) -> None:
        port, _ = shared(FakePort())
        first, second = (port.connect("192.0.2.1", PEER)[0] for _ in range(2))
        for end in (first, second):
            port.modify(end.fileno(), 4)

        first.close()
        port.modify(second.fileno(), 1)

        assert port.waiting() == ()
        assert not port.waits(first.fileno())
        with pytest.raises(BlockingIOError):
            second.recv(512)


class TestTheServer:
    async def test_takes_a_closed_port_for_the_end(self, root: Path) -> None:
        async with serving(root, Limits(timeout=0.02), single_port=True) as lab:
            with contextlib.closing(Client(lab.server)) as stays:
                leaves = Client(lab.server)
                leaves.say(b"\0\1loader\0octet\0tsize\x000\0")
                await leaves.hear()
                leaves.say(ack(0))
                await leaves.hear()
                leaves.close()

                await eventually(lambda: lab.counted("aborted") == 1)

                assert "closed its port" in lab.trace.events[-1][1]
                assert await stays.fetch(RRQ) == LOADER

    async def test_goes_on_however_often_the_buffer_is_full(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Four times in a row for each block; who waits is not forgotten after the first."""
        async with serving(root, Limits(timeout=60.0), single_port=True) as lab:
            shared = lab.server._shared
            assert shared is not None
            send, calls = shared.send, itertools.count(1)

            def rarely(
                buffers: Iterable[bytes | memoryview],
                ancillary: Iterable[tuple[int, int, bytes]],
                peer: tuple[str, int],
            ) -> int:
                if next(calls) % 5:
                    raise BlockingIOError
                return send(buffers, ancillary, peer)

            monkeypatch.setattr(shared, "send", rarely)
            with contextlib.ExitStack() as stack:
                first, second = (
                    stack.enter_context(contextlib.closing(Client(lab.server))) for _ in range(2)
                )
                both = await asyncio.gather(first.fetch(RRQ), second.fetch(RRQ))

        assert list(both) == [LOADER, LOADER]
        assert shared.waiting() == ()

    async def test_fills_windows_although_the_buffer_is_full(self, root: Path) -> None:
        large = bytes(n % 251 for n in range(3_000_000))
        (root / "large").write_bytes(large)
        request = b"\0\1large\0octet\0blksize\x001400\0windowsize\x0064\0"
        async with serving(root, single_port=True) as lab:
            lab.server._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)  # type: ignore[attr-defined]
            with contextlib.closing(Client(lab.server)) as client:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

                assert await client.fetch(request, 1400, 64) == large

        assert lab.sample("pyxie_tftp_resent_total") == 0
