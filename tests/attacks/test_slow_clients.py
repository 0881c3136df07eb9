"""Clients that take a byte a second, that vanish, and that never finish to connect; all at once."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.attacks.lan import Lan, lan
from tests.http.site import HOST, MAC

SLOW = 200
"""Clients that take a byte a second."""
VANISHED = 50
HALF_OPEN = 10_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Lan]:
    with lan(tmp_path) as found:
        with (found.home.folder / "images/large").open("wb") as file:
            file.truncate(1 << 30)
        found.stranger.ip("addr add 192.0.2.66/24 dev eth0")
        yield found


def asking(source: str, port: int) -> socket.socket:
    """Connect and ask for a large file."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(20)
    sock.bind((source, 0))
    sock.connect(("192.0.2.1", port))
    sock.sendall(b"GET /images/large HTTP/1.1\r\nHost: x\r\n\r\n")
    assert sock.recv(1) == b"H"
    return sock


@contextlib.contextmanager
def sipping(lines: list[socket.socket]) -> Iterator[None]:
    """Take a byte a second from each."""
    stop = threading.Event()

    def sip() -> None:
        while not stop.wait(1.0):
            for line in lines:
                with contextlib.suppress(OSError):
                    line.recv(1)

    thread = threading.Thread(target=sip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def half_open(count: int, port: int) -> None:
    """Begin connections in the names of hosts that are not there, and never go on."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    ours = socket.inet_aton("192.0.2.1")
    with sender:
        for at in range(count):
            theirs = socket.inet_aton(f"192.0.2.{100 + at % 100}")
            tcp = struct.pack(">HHIIBBHHH", 1024 + at, port, at, 0, 5 << 4, 2, 1024, 0, 0)
            pseudo = theirs + ours + struct.pack(">BBH", 0, socket.IPPROTO_TCP, len(tcp))
            tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
            head = struct.pack(
                *(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), at, 0, 64, socket.IPPROTO_TCP, 0),
                *(theirs, ours),
            )
            sender.sendto(head + tcp, ("192.0.2.1", 0))


def checksum(data: bytes) -> int:
    """Return the sum of RFC 1071."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def asked(to: str, port: int, method: str, path: str) -> int:
    connection = HTTPConnection(to, port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path)
        return connection.getresponse().status


def in_the_middle() -> int:
    """Return how many connections the kernel has in SYN_RECV (include/net/tcp_states.h)."""
    lines = Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[3] == "03" for line in lines)


def test_that_are_slow_vanish_or_never_come_hold_up_no_machine(site: Lan) -> None:
    port = site.home.http
    slow = site.stranger.inside(lambda: [asking("192.0.2.3", port) for _ in range(SLOW)])
    vanished = site.stranger.inside(lambda: [asking("192.0.2.66", port) for _ in range(VANISHED)])
    site.stranger.ip("addr del 192.0.2.66/24 dev eth0")
    with contextlib.ExitStack() as lines:
        for line in (*slow, *vanished):
            lines.enter_context(line)
        with sipping(slow):
            site.stranger.inside(lambda: half_open(HALF_OPEN, port))
            begun_by_nobody = site.server.inside(in_the_middle)

            begun = site.server.inside(lambda: asked("127.0.0.1", port, "PUT", f"/build/{HOST}"))
            scripts = site.machine.inside(
                lambda: [asked("192.0.2.1", port, "GET", f"/ipxe/{MAC}") for _ in range(40)]
            )

    assert begun_by_nobody > 100
    assert begun == 200
    assert scripts == [200] * 40
