from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

import pytest

from pyxie.tftp.sockets import _remedy, arrival, bound, fitting, listen, reply
from tests.tftp.fake import failure


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (
            errno.EADDRINUSE,
            (
                "TFTP cannot listen on UDP port 69 of 0.0.0.0, because another program does:"
                " find it with `ss -lunp sport = :69` and stop it, or change the port"
            ),
        ),
        (
            errno.EACCES,
            (
                "TFTP may not listen on UDP port 69 of 0.0.0.0: start pyxie as root or with the"
                " capability CAP_NET_BIND_SERVICE, or choose a port above 1023"
            ),
        ),
        (
            errno.EADDRNOTAVAIL,
            (
                "TFTP cannot listen on UDP port 69 of 0.0.0.0: this host has no such address;"
                " choose one that `ip -4 address` shows, or 0.0.0.0 for all"
            ),
        ),
        (
            errno.EAFNOSUPPORT,
            (
                "TFTP cannot listen on UDP port 69 of 0.0.0.0: Address family not supported by"
                " protocol; change one of them"
            ),
        ),
    ],
)
def test_a_port_that_cannot_be_had_comes_with_what_to_do(number: int, remedy: str) -> None:
    assert _remedy(failure(number), "0.0.0.0", 69) == remedy


def test_the_kernel_notes_where_a_datagram_came_in() -> None:
    with listen("0.0.0.0", 0) as sock, socket.socket(type=socket.SOCK_DGRAM) as client:
        sock.setblocking(True)
        client.sendto(b"x", ("127.0.0.3", sock.getsockname()[1]))
        _, ancillary, _, _ = sock.recvmsg(16, 64)

    came = arrival(ancillary)

    assert came is not None
    assert came.interface == socket.if_nametoindex("lo")
    assert came.local == IPv4Address("127.0.0.3")
    assert not came.broadcast


def test_without_the_kernels_note_there_is_nothing_to_answer_from() -> None:
    assert arrival([(socket.SOL_SOCKET, 29, b"")]) is None


def test_a_socket_for_transfers_is_bound_to_the_address_and_a_port_of_the_kernels_choice() -> None:
    with bound(IPv4Address("127.0.0.3")) as sock, bound(IPv4Address("127.0.0.3")) as other:
        address, port = sock.getsockname()

        assert address == "127.0.0.3"
        assert port != other.getsockname()[1]
        with pytest.raises(BlockingIOError):
            sock.recv(1)


def test_the_mtu_of_the_way_is_known() -> None:
    """Loopback's is the longest that IP knows; 20 bytes of IP's, 8 of UDP's, 4 of TFTP's go off."""
    assert fitting("127.0.0.1", ("127.0.0.1", 2070)) == 65535 - 20 - 8 - 4


@pytest.mark.parametrize(
    "opens", [lambda: bound(IPv4Address("192.0.2.1")), lambda: fitting("192.0.2.1", ("::1", 1))]
)
def test_an_address_that_is_not_ours_cannot_be_answered_from(opens: Callable[[], object]) -> None:
    with pytest.raises(OSError, match="assign requested address"):
        opens()


class Fails:
    """A socket on which the network has reported something; it keeps what it sends."""

    def __init__(self, *failures: int) -> None:
        self.failures = [failure(number) for number in failures]
        self.sent: list[bytes] = []

    def sendmsg(
        self,
        buffers: Iterable[bytes | memoryview],
        _ancillary: Iterable[tuple[int, int, bytes]],
        _flags: int,
        _address: tuple[str, int],
        /,
    ) -> int:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(b"".join(buffers))
        return 0


@pytest.mark.parametrize(
    ("failures", "sent"),
    [
        ((), 1),
        ((errno.ECONNREFUSED,), 1),
        ((errno.EPROTO,), 1),
        ((errno.EHOSTUNREACH, errno.EHOSTUNREACH), 0),
        ((errno.ENETDOWN,), 0),
    ],
)
def test_a_reply_is_not_lost_by_what_is_said_of_another(
    failures: tuple[int, ...], sent: int
) -> None:
    sock = Fails(*failures)

    reply(sock, b"error", IPv4Address("192.0.2.1"), ("192.0.2.7", 2070))  # type: ignore[arg-type]

    assert sock.sent == [b"error"] * sent
