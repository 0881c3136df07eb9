"""A host that gives pyxie few open files, and a stranger who takes all that it can get of them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.attacks.lan import Lan, lan
from tests.daemon import fetch_by_tftp
from tests.http.site import HOST, MAC
from tests.support import until

FEW = 120


@contextmanager
def greedy(site: Lan) -> Iterator[None]:
    """Hold all connections and transfers that one can get from ten addresses, and do nothing."""
    sources = [f"192.0.2.{number}" for number in range(101, 111)]
    for source in sources:
        site.stranger.ip(f"addr add {source}/24 dev eth0")
    with ExitStack() as held:

        def take() -> None:
            for source in sources * 30:
                sock = held.enter_context(socket.socket())
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.bind((source, 0))
                sock.setblocking(False)
                sock.connect_ex(("192.0.2.1", site.home.http))
                until(lambda sock=sock: asked(sock), "a connection")  # type: ignore[misc]
                asking = held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
                asking.bind((source, 0))
                asking.sendto(b"\0\1undionly.kpxe\0octet\0", ("192.0.2.1", site.home.tftp))

        site.stranger.inside(take)
        yield


def asked(sock: socket.socket) -> bool:
    try:
        sock.send(b"GET /images/large HTTP/1.1\r\nHost: x\r\n\r\n")
    except BlockingIOError:
        return False
    except OSError:
        pass  # refused, which is as good
    return True


def test_what_there_is_is_shared_and_said_in_one_line(tmp_path: Path) -> None:
    with lan(tmp_path, prefix=("prlimit", f"--nofile={FEW}")) as site:
        folder = site.home.folder
        (folder / "ipxe/undionly.kpxe").write_bytes(bytes(100_000))
        (folder / "ipxe/snponly.efi").write_bytes(b"for the machine")
        with (folder / "images/large").open("wb") as file:
            file.truncate(1 << 30)
        with greedy(site):
            built = site.server.inside(
                lambda: [site.home.ask("PUT", f"/build/{HOST}").status for _ in range(20)]
            )
            script = site.machine.inside(lambda: machine(site))
            loader = site.machine.inside(
                lambda: fetch_by_tftp(site.home.tftp, "snponly.efi", "192.0.2.1")
            )
            told = site.process.text.splitlines()

    assert built == [200] * 20
    assert script == 200
    assert loader == b"for the machine"
    assert len([line for line in told if f"the host allows {FEW} open files" in line]) == 1
    assert [line for line in told if re.search("Traceback|Too many open files", line)] == []
    assert len(told) < 400


def machine(site: Lan) -> int:
    from http.client import HTTPConnection

    connection = HTTPConnection("192.0.2.1", site.home.http, timeout=10)
    connection.request("GET", f"/ipxe/{MAC}")
    status = connection.getresponse().status
    connection.close()
    return status
