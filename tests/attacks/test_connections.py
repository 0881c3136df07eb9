"""Connections that a stranger holds with as many addresses as it likes, and never reads from."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.attacks.lan import Lan, lan
from tests.http.site import HOST, MAC
from tests.procfs import open_files
from tests.support import until

LIMITS = "limits: {http_per_address: 50, http_total: 400}\n"
"""As the defaults are, a tenth of them."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Lan]:
    with lan(tmp_path, LIMITS) as found:
        with (found.home.folder / "images/large").open("wb") as file:
            file.truncate(1 << 30)
        yield found


@contextlib.contextmanager
def held(site: Lan, addresses: list[str], to: str, each: int) -> Iterator[int]:
    """Hold ``each`` connections from each address, which ask for a large file and read nothing.

    Yields:
        How many were let in.
    """
    zone = f"%{site.stranger_interface}" if ":" in to else ""
    with ExitStack() as stack:

        def one(source: str) -> bool:
            family = socket.AF_INET6 if ":" in to else socket.AF_INET
            sock = stack.enter_context(socket.socket(family))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(5)
            try:
                sock.bind(socket.getaddrinfo(source + zone, 0)[0][4])
                sock.connect(socket.getaddrinfo(to + zone, site.home.http)[0][4])
                sock.sendall(b"GET /images/large HTTP/1.1\r\nHost: x\r\n\r\n")
                return bool(sock.recv(1, socket.MSG_PEEK))
            except OSError:
                return False

        yield site.stranger.inside(
            lambda: sum([one(source) for source in addresses for _ in range(each)])
        )


def status(to: str, port: int, path: str) -> int:
    connection = HTTPConnection(to, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("version", [4, 6])
def test_nine_addresses_lock_out_neither_the_host_nor_a_machine(site: Lan, version: int) -> None:
    if version == 4:
        addresses, to = [f"192.0.2.{number}" for number in range(101, 110)], "192.0.2.1"
    else:
        addresses, to = [f"fe80::{number}" for number in range(101, 110)], "fe80::1"
    for address in addresses:
        site.stranger.ip(
            f"addr add {address}/{24 if version == 4 else 64} dev eth0 nodad"
            if version == 6
            else f"addr add {address}/24 dev eth0"
        )
    port, before = site.home.http, opened(site)
    with held(site, addresses, to, 50) as many:
        assert many >= 200

        from_host = site.server.inside(
            lambda: [status("127.0.0.1", port, "/status") for _ in range(60)]
        )
        site.server.inside(lambda: put("127.0.0.1", port, f"/build/{HOST}"))
        by_machine = site.machine.inside(
            lambda: [status("192.0.2.1", port, f"/ipxe/{MAC}") for _ in range(60)]
        )
        zone = f"fe80::1%{site.machine_interface}"
        by_link_local = site.machine.inside(
            lambda: [status(zone, port, f"/ipxe/{MAC}") for _ in range(60)]
        )

    until(lambda: opened(site) < before + 50, "descriptors to be given back")
    assert from_host == [200] * 60
    assert by_machine == [200] * 60
    assert by_link_local == [200] * 60


def opened(site: Lan) -> int:
    """Return how many files the daemon has open."""
    return len(open_files(site.process.pid))


def put(to: str, port: int, path: str) -> None:
    connection = HTTPConnection(to, port, timeout=5)
    connection.request("PUT", path)
    assert connection.getresponse().status == 200
    connection.close()
