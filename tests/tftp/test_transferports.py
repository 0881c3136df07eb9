from __future__ import annotations

import errno
from ipaddress import IPv4Address

import pytest

from pyxie.bounds import TFTP_PORT
from pyxie.tftp.batches import Route, name_of
from pyxie.tftp.framing import Run
from pyxie.tftp.transferports import Port, Ports
from tests.tftp.fake import PEER, FakeLine, failure

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.1")


def names(count: int) -> list[bytes]:
    return [name_of(("192.0.2.7", 2000 + at)) for at in range(count)]


class TestPorts:
    @pytest.fixture
    def ports(self) -> Ports[None]:
        return Ports(lambda _: FakeLine())

    def test_are_shared_by_the_clients_of_an_address_of_ours(self, ports: Ports[None]) -> None:
        one, other = names(2)

        port = ports.lend(HERE, one)

        assert ports.lend(HERE, other) is port
        assert ports.lend(THERE, one) is not port
        assert len(list(ports)) == 2

    def test_serve_no_clients_port_twice(self, ports: Ports[None]) -> None:
        """RFC 1350 section 4: the same number twice in succession is to be very unlikely."""
        one, other = names(2)

        first, second = ports.lend(HERE, one), ports.lend(HERE, one)

        assert first is not second
        assert ports.lend(HERE, other) is second
        assert ports.lend(HERE, one) not in (first, second)

    def test_serve_so_many_and_then_the_next_one_does(self, ports: Ports[None]) -> None:
        before = TFTP_PORT.times
        *most, next_one = names(TFTP_PORT.whole + 1)

        first = {id(ports.lend(HERE, name)) for name in most}

        assert len(first) == 1
        assert id(ports.lend(HERE, next_one)) not in first
        assert TFTP_PORT.times == before + 1

    def test_are_closed_one_by_one(self, ports: Ports[None]) -> None:
        one, _ = names(2)
        first, second = ports.lend(HERE, one), ports.lend(HERE, one)

        ports.close(first)
        assert list(ports) == [second]
        ports.close(second)

        assert not list(ports)
        assert first.line.closed  # type: ignore[attr-defined]


class TestAPort:
    @pytest.fixture
    def line(self) -> FakeLine:
        return FakeLine(room=2)

    @pytest.fixture
    def port(self, line: FakeLine) -> Port[str]:
        return Port(line, None)

    def puts(self, port: Port[str], word: bytes) -> None:
        assert port.line.add("whose", Route(None, PEER, 516), Run(word), 0, len(word), 1, 1)

    def test_sends_when_it_is_flushed(self, line: FakeLine, port: Port[str]) -> None:
        self.puts(port, b"one")
        assert line.sent == []

        port.flush()

        assert line.sent == [b"one"]

    def test_says_that_there_is_no_room(self, line: FakeLine, port: Port[str]) -> None:
        line.on_send = [failure(errno.EAGAIN)]
        self.puts(port, b"one")

        port.flush()

        assert port.blocked
        port.flush()
        assert not port.blocked
        assert line.sent == [b"one"]

    @pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.EPROTO])
    def test_loses_no_datagram_by_what_is_said_of_another(
        self, line: FakeLine, port: Port[str], number: int
    ) -> None:
        """With IP_RECVERR a socket reports at its next call what became of any earlier one."""
        line.on_send, line.gone = [failure(number)], [PEER]
        self.puts(port, b"one")

        port.flush()

        assert line.sent == [b"one"]
        assert port.troubles() == ([], [PEER])
        assert port.troubles() == ([], [])

    @pytest.mark.parametrize("number", [errno.ENOBUFS, errno.ENETUNREACH])
    def test_leaves_out_what_the_network_does_not_take(
        self, line: FakeLine, port: Port[str], number: int
    ) -> None:
        line.on_send = [failure(number)] * (2 if number == errno.ENETUNREACH else 1)
        self.puts(port, b"one")
        self.puts(port, b"two")

        port.flush()

        assert line.sent == [b"two"]
        [failed], _ = port.troubles()
        assert (failed.of, failed.error.errno, failed.first, failed.count) == (
            "whose",
            number,
            1,
            1,
        )

    def test_is_asked_for_room_once(self, port: Port[str]) -> None:
        assert [port.awaits(room=room) for room in (True, True, False, False)] == [
            *(True, False),
            *(True, False),
        ]
