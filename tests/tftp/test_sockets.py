from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address

import pytest

from pyxie.tftp.sockets import _remedy, arrival, connect, listen
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


def test_a_transfers_socket_hears_its_client_only_and_knows_the_mtu() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        socket.socket(type=socket.SOCK_DGRAM) as stranger,
    ):
        client.bind(("127.0.0.1", 0))
        sock, fitting = connect("127.0.0.1", client.getsockname())
        stranger.sendto(b"stranger", sock.getsockname())
        client.sendto(b"client", sock.getsockname())

        with sock:
            sock.setblocking(True)
            assert sock.recv(16) == b"client"
    assert fitting == 65535 - 20 - 8 - 4  # loopback: the longest IP knows


def test_an_address_that_is_not_ours_cannot_be_answered_from() -> None:
    with pytest.raises(OSError, match="assign requested address"):
        connect("192.0.2.1", ("127.0.0.1", 2070))
