"""Over real sockets on loopback, beside Python's own."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.tftp.batches import (
    LONGEST,
    MOST,
    Incoming,
    Outgoing,
    Route,
    UdpLine,
    line_of,
    located,
    name_of,
)
from pyxie.tftp.framing import PIECE, Run
from pyxie.tftp.sockets import bound, listen

HERE = IPv4Address("127.0.0.1")


@pytest.fixture
def ours() -> Iterator[socket.socket]:
    with bound(HERE) as sock:
        yield sock


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.9", 0))
        sock.settimeout(5)
        yield sock


def add(outgoing: Outgoing, route: Route, data: bytes, count: int = 1) -> None:
    assert outgoing.add("whose", route, Run(data), 0, len(data), 1, count)


class TestWhatComes:
    def test_is_told_with_whom_it_is_from(self, ours: socket.socket, client: socket.socket) -> None:
        for word in (b"", b"x", b"four", b"longer", b"y" * LONGEST, b"z" * 2000):
            client.sendto(word, ours.getsockname())

        found = Incoming().take(ours.fileno())

        words = [b"", b"x", b"four", b"longer", b"y" * LONGEST, b"z" * LONGEST]
        assert [*zip(*found, strict=True)] == [
            (name_of(client.getsockname()), word) for word in words
        ]

    def test_is_so_much_at_once_and_then_the_rest(self, ours: socket.socket) -> None:
        with ExitStack() as stack:
            clients = []
            for at in range(MOST + 3):
                sock = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
                sock.bind(("127.0.0.2", 0))
                sock.sendto(at.to_bytes(4), ours.getsockname())
                clients.append(sock.getsockname())
            incoming = Incoming()

            (names, words), rest = incoming.take(ours.fileno()), incoming.take(ours.fileno())

        assert [len(each) for each in (names, *rest)] == [MOST, 3, 3]
        assert [*names, *rest[0]] == [name_of(peer) for peer in clients]
        assert [*words, *rest[1]] == [at.to_bytes(4) for at in range(MOST + 3)]

    def test_is_nothing_where_nothing_came(self, ours: socket.socket) -> None:
        assert Incoming().take(ours.fileno()) == ((), ())

    def test_of_no_socket_is_an_error(self) -> None:
        with pytest.raises(OSError, match="Bad file descriptor"):
            Incoming().take(-1)


class TestWhatGoes:
    def test_arrives_in_order_at_each_client(
        self, ours: socket.socket, client: socket.socket
    ) -> None:
        outgoing, route = Outgoing(), Route(None, client.getsockname(), 512)
        for at in range(MOST):
            add(outgoing, route, b"block %d" % at)
        assert not outgoing.add("whose", route, Run(b"more"), 0, 4, 1, 1)

        assert outgoing.send(ours.fileno()) is None

        assert [client.recvfrom(99) for _ in range(MOST)] == [
            (b"block %d" % at, ours.getsockname()) for at in range(MOST)
        ]

    def test_is_a_part_of_a_run_whoever_else_is_sent_another(
        self, ours: socket.socket, client: socket.socket
    ) -> None:
        outgoing, route = Outgoing(), Route(None, client.getsockname(), 512)
        run = Run(bytes(range(256)))
        for start in (0, 100, 255):
            outgoing.add("whose", route, run, start, 1, 1, 1)
        run.forget()

        outgoing.send(ours.fileno())

        assert [client.recv(99) for _ in range(3)] == [b"\0", b"\x64", b"\xff"]

    def test_is_cut_into_datagrams_by_the_kernel(
        self, ours: socket.socket, client: socket.socket
    ) -> None:
        """udp(7), UDP_SEGMENT."""
        outgoing, route = Outgoing(), Route(None, client.getsockname(), 5)
        add(outgoing, route, b"first" + b"other" + b"end", 3)
        add(outgoing, route, b"alone")

        assert outgoing.send(ours.fileno()) is None

        assert [client.recv(99) for _ in range(4)] == [b"first", b"other", b"end", b"alone"]

    @pytest.mark.parametrize("count", [1, 2])
    def test_comes_from_the_address_that_was_asked(self, client: socket.socket, count: int) -> None:
        local = IPv4Address("127.0.0.5")
        outgoing, route = Outgoing(), Route(local, client.getsockname(), 4)
        add(outgoing, route, b"data" * count, count)

        with listen("0.0.0.0", 0, True) as sock:
            assert outgoing.send(sock.fileno()) is None
            port = sock.getsockname()[1]

        assert [client.recvfrom(9) for _ in range(count)] == [(b"data", (str(local), port))] * count

    def test_waits_for_room_in_order(self, ours: socket.socket, client: socket.socket) -> None:
        """Loopback lends no room for long, so a closed socket stands for a full one."""
        outgoing, route = Outgoing(), Route(None, client.getsockname(), 4)
        add(outgoing, route, b"one")
        add(outgoing, route, b"two")

        error = outgoing.send(-1)
        assert error is not None
        assert error.errno == errno.EBADF
        assert outgoing.send(ours.fileno()) is None

        assert [client.recv(9) for _ in range(2)] == [b"one", b"two"]

    def test_is_left_out_if_it_cannot(self, ours: socket.socket, client: socket.socket) -> None:
        outgoing, route = Outgoing(), Route(None, client.getsockname(), 4)
        add(outgoing, route, b"one")
        add(outgoing, Route(None, ("255.255.255.255", 9), 4), b"to all")
        add(outgoing, route, b"two")

        error = outgoing.send(ours.fileno())
        assert isinstance(error, PermissionError)
        failed = outgoing.skip(error)
        assert outgoing.send(ours.fileno()) is None

        assert (failed.error, failed.of, failed.first, failed.count) == (error, "whose", 1, 1)
        assert [client.recv(9) for _ in range(2)] == [b"one", b"two"]


class TestALine:
    def test_hears_and_answers(self, client: socket.socket) -> None:
        line = line_of(HERE)
        route = Route(None, client.getsockname(), 512)
        run = Run(b"block")

        line.add("whose", route, run, 0, 5, 1, 1)
        assert line.send() is None
        block, tid = client.recvfrom(9)
        client.sendto(b"\0\4\0\1", tid)

        assert block == b"block"
        assert [*zip(*line.take(), strict=True)] == [(route.name, b"\0\4\0\1")]
        line.close()

    def test_replies_to_many_at_once(self, client: socket.socket) -> None:
        line = line_of(HERE)
        name, run = name_of(client.getsockname()), Run(b"one!two!three")
        at = located(run)

        pieces = [PIECE.pack(at, 4), PIECE.pack(at + 4, 4), PIECE.pack(at + 8, 5)]
        assert line.reply([name] * 3, pieces) == (3, None)
        assert line.reply([name], pieces[:1]) == (1, None)

        assert [client.recv(9) for _ in range(4)] == [b"one!", b"two!", b"three", b"one!"]
        line.close()

    def test_replies_to_whom_it_has_heard_whatever_it_has_sent_since(self) -> None:
        line = line_of(HERE)
        run = Run(b"one!two!")
        at = located(run)
        one, two = PIECE.pack(at, 4), PIECE.pack(at + 4, 4)
        with ExitStack() as stack:
            clients = [stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(3)]
            for each in clients:
                each.bind(("127.0.0.2", 0))
                each.settimeout(5)
            first, second, third = clients
            for each in clients[:2]:
                each.sendto(b"\0\4\0\1", line._sock.getsockname())
            heard, _ = line.take()

            assert line.reply(heard, [one, two]) == (2, None)
            assert line.reply([name_of(third.getsockname())], [one]) == (1, None)
            assert line.reply(heard, [two, one]) == (2, None)
            assert line.take() == ((), ())
            assert line.reply(heard, [one, two]) == (2, None)

            assert [first.recv(9) for _ in range(3)] == [b"one!", b"two!", b"one!"]
            assert [second.recv(9) for _ in range(3)] == [b"two!", b"one!", b"two!"]
            assert third.recv(9) == b"one!"
        line.close()

    def test_says_how_many_replies_went_out_and_why_none_did(self, client: socket.socket) -> None:
        line = line_of(HERE)
        name, nobody = name_of(client.getsockname()), name_of(("255.255.255.255", 9))
        run = Run(b"word")
        piece = PIECE.pack(located(run), 4)

        assert line.reply([name, nobody, name], [piece] * 3) == (1, None)
        sent, error = line.reply([nobody, name], [piece] * 2)

        assert sent == 0
        assert isinstance(error, PermissionError)
        line.close()

    def test_tells_who_has_closed_its_port(self, client: socket.socket) -> None:
        gone = client.getsockname()
        client.close()
        line = UdpLine(bound(HERE))

        line.add("whose", Route(None, gone, 512), Run(b"to nobody"), 0, 9, 1, 1)
        line.send()

        assert line.refused() == [gone]
        line.close()


@given(
    st.tuples(st.ip_addresses(v=4).map(str), st.integers(0, 65535)),
    st.tuples(st.ip_addresses(v=4).map(str), st.integers(0, 65535)),
)
def test_names_are_the_same_of_the_same_client_only(
    one: tuple[str, int], other: tuple[str, int]
) -> None:
    assert (name_of(one) == name_of(other)) == (one == other)
    assert Route(None, one, 512).name == name_of(one)
