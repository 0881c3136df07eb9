"""The kernel itself parts known machines' requests from all others'."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from pyxie.dhcp.message import build
from pyxie.dhcp.received import Received
from pyxie.dhcp.sieve import FEWEST, MOST, Sieve
from pyxie.dhcp.sockets import RawSocket
from tests.dhcp.packets import discover
from tests.interop.netns import Host, need, network

pytestmark = pytest.mark.interop

SECRET = 0x9E3779B1
SERVER = "127.0.0.1"


class Hearing:
    """Both raw sockets of a host of its own, and a client there."""

    def __init__(self, host: Host, stack: ExitStack) -> None:
        host.ip("link set lo up")
        opened = host.inside(lambda: [RawSocket(strangers=each) for each in (False, True)])
        self.known, self.others = (stack.enter_context(closing(each)) for each in opened)
        self._sender = stack.enter_context(closing(host.socket(socket.SOCK_DGRAM)))

    def sift(self, sieve: Sieve) -> None:
        for each in (self.known, self.others):
            each.sift(sieve.program(67, known=not each.strangers))

    def send(self, data: bytes) -> None:
        self._sender.sendto(data, (SERVER, 67))

    def heard(self) -> tuple[list[bytes], list[bytes]]:
        """Return the hardware addresses that each has heard."""
        return _all(self.known), _all(self.others)


def _all(sock: RawSocket) -> list[bytes]:
    found: list[bytes] = []
    while True:
        try:
            come = sock.receive()
        except BlockingIOError:
            return found
        for received in come:
            assert isinstance(received, Received)
            found.append(received.data[28:34])


def of(mac: bytes) -> bytes:
    data = build(discover(0))
    return data[:28] + mac + data[34:]


def rack(count: int) -> list[bytes]:
    return [b"\x52\x54\0" + at.to_bytes(3) for at in range(count)]


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    need("ip")
    with network() as net, ExitStack() as stack:
        yield Hearing(net.host("s"), stack)


def test_all_are_strangers_at_first(hearing: Hearing) -> None:
    hearing.send(of(rack(1)[0]))

    assert hearing.heard() == ([], rack(1))


@pytest.mark.parametrize("count", [1, 50, 1000, 10_000, 20_000])
@pytest.mark.parametrize("most", [MOST, FEWEST])
def test_each_is_heard_by_one_known_machines_by_the_first(
    hearing: Hearing, count: int, most: int
) -> None:
    known, strange = rack(count)[:50], [b"\2" + bytes([at] * 5) for at in range(50)]
    sieve = Sieve(rack(count), SECRET, most)
    hearing.sift(sieve)

    for mac in [*known, *strange]:
        hearing.send(of(mac))

    first, second = hearing.heard()
    assert first == [*known, *filter(sieve.passes, strange)]
    assert second == [mac for mac in strange if not sieve.passes(mac)]


def test_a_flood_of_strangers_takes_no_room_from_known_machines(hearing: Hearing) -> None:
    hearing.sift(Sieve(rack(10), SECRET))

    for at in range(30_000):  # ten times what the kernel keeps of strangers
        hearing.send(of(b"\2\0" + at.to_bytes(4)))
    for mac in rack(10):
        hearing.send(of(mac))

    first, second = hearing.heard()
    assert first[-10:] == rack(10)
    assert len(first) < 300
    assert 100 < len(second) < 29_000


def test_what_is_cut_off_is_heard_by_the_second(hearing: Hearing) -> None:
    hearing.sift(Sieve(rack(10), SECRET))

    hearing.send(of(rack(1)[0])[:33])
    hearing.send(b"")

    assert hearing.heard() == ([], [of(rack(1)[0])[28:33], b""])
