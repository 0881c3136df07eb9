"""Datagrams that are read and sent many at a time, over loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.many import ANCILLARY, MANY, ROOM, SENDER, Came, Inbox, Load, Outbox, Way

_SENDER = Struct(">xxH4s8x")
_CMSG = Struct("@Nii")
_IP_TTL = 2  # linux/in.h
_IP_RECVTTL = 12


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets on loopback."""
    with lines() as pair:
        yield pair


@contextmanager
def lines() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give the same."""
    with ExitStack() as stack:
        pair = [stack.enter_context(closing(socket.socket(type=socket.SOCK_DGRAM))) for _ in "ab"]
        for each in pair:
            each.bind(("127.0.0.1", 0))
            each.setblocking(False)
        yield pair[0], pair[1]


def way(to: socket.socket, ancillary: bytes = b"", by: int | None = None) -> Way:
    host, port = to.getsockname()
    packed = socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2) + socket.inet_aton(host)
    return Way(packed + bytes(8), ancillary, by)


def put(outbox: Outbox, data: bytes, there: Way) -> None:
    at = outbox.place(Load(len(data), there))
    outbox.room[at : at + len(data)] = data


def datagrams(came: Came) -> list[bytes]:
    return [
        came.data[at * ROOM : at * ROOM + length] for at, (_, _, length) in enumerate(came.each)
    ]


def senders(came: Came) -> list[bytes]:
    return [came.senders[at * SENDER : (at + 1) * SENDER] for at in range(len(came.each))]


class TestWhatHasCome:
    def test_is_read_at_once_in_its_order(self, line: tuple[socket.socket, socket.socket]) -> None:
        one, other = line
        sent = [bytes([at]) * (at + 1) for at in range(5)]
        for each in sent:
            one.sendto(each, other.getsockname())

        came = Inbox(other).receive()

        assert datagrams(came) == sent
        assert {_SENDER.unpack(each)[0] for each in senders(came)} == {one.getsockname()[1]}

    def test_is_read_in_bounds_and_the_rest_the_next_time(
        self, line: tuple[socket.socket, socket.socket]
    ) -> None:
        one, other = line
        for at in range(MANY + 3):
            one.sendto(bytes([at]), other.getsockname())
        inbox = Inbox(other)

        assert [len(inbox.receive().each) for _ in range(2)] == [MANY, 3]
        with pytest.raises(BlockingIOError):
            inbox.receive()

    def test_comes_with_what_the_kernel_tells_of_it_each_time(
        self, line: tuple[socket.socket, socket.socket]
    ) -> None:
        one, other = line
        other.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        inbox = Inbox(other)
        for _ in range(2):
            one.sendto(b"a", other.getsockname())
            came = inbox.receive()

            [(size, _, _)] = came.each
            assert 0 < size <= ANCILLARY
            assert _CMSG.unpack_from(came.ancillary)[1:] == (socket.IPPROTO_IP, _IP_TTL)

    def test_is_told_to_be_cut_off_where_there_is_more_of_it(
        self, line: tuple[socket.socket, socket.socket]
    ) -> None:
        one, other = line
        one.sendto(bytes(ROOM + 1), other.getsockname())

        [(_, flags, length)] = Inbox(other).receive().each

        assert (flags & socket.MSG_TRUNC, length) == (socket.MSG_TRUNC, ROOM)

    def test_cannot_be_read_of_a_socket_that_is_broken(
        self, line: tuple[socket.socket, socket.socket]
    ) -> None:
        inbox = Inbox(line[0])
        line[0].close()

        with pytest.raises(OSError, match="Bad file descriptor"):
            inbox.receive()


class TestWhatIsSent:
    def test_goes_out_with_the_next_flush_in_its_order(
        self, line: tuple[socket.socket, socket.socket]
    ) -> None:
        one, other = line
        outbox, there = Outbox(one), way(other)
        for _ in range(2):
            sent = [bytes([at]) * (at + 1) for at in range(MANY)]
            for each in sent:
                put(outbox, each, there)

            assert outbox.flush() == {}
            assert datagrams(Inbox(other).receive()) == sent

    def test_goes_by_more_ways_than_one(self, line: tuple[socket.socket, socket.socket]) -> None:
        one, other = line
        outbox = Outbox(one)
        for data, to in ((b"a", other), (b"b", one), (b"c", other)):
            put(outbox, data, way(to))

        assert outbox.flush() == {}
        assert datagrams(Inbox(other).receive()) == [b"a", b"c"]
        assert datagrams(Inbox(one).receive()) == [b"b"]

    @given(st.lists(st.lists(st.booleans(), max_size=MANY), max_size=4))
    def test_goes_by_another_socket_where_its_way_says_so(self, flushes: list[list[bool]]) -> None:
        with lines() as (one, other):
            outbox = Outbox(one)
            ways = [way(other), way(other, by=other.fileno())]
            for by_other in flushes:
                for at, each in enumerate(by_other):
                    put(outbox, bytes([at]), ways[each])

                assert outbox.flush() == {}
                came = Inbox(other).receive() if by_other else None
                ports = [_SENDER.unpack(each)[0] for each in senders(came)] if came else []
                expected = [(one, other)[each].getsockname()[1] for each in by_other]
                assert ports == expected
                assert (datagrams(came) if came else []) == [
                    bytes([at]) for at in range(len(by_other))
                ]

    def test_fails_by_itself(self, line: tuple[socket.socket, socket.socket]) -> None:
        one, other = line
        outbox, there = Outbox(one), way(other)
        wrong = way(other, _CMSG.pack(_CMSG.size + 1, socket.IPPROTO_IP, 99) + bytes(8))
        for each in (there, wrong, wrong, there):
            put(outbox, b"a", each)

        failed = outbox.flush()

        assert {at: error.strerror for at, error in failed.items()} == {
            1: "Invalid argument",
            2: "Invalid argument",
        }
        assert datagrams(Inbox(other).receive()) == [b"a", b"a"]
