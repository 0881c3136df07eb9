"""Lines that a stranger makes pyxie write: they fill no disk and hide no machine."""

from __future__ import annotations

import re
import socket
import time
from http.client import HTTPConnection
from pathlib import Path

from pyxie.lines import BURST
from tests.attacks.lan import Lan, lan
from tests.http.site import HOST, MAC
from tests.interop.netns import Host


def ask(host: Host, port: int, method: str, *paths: str, source: str = "") -> list[int]:
    """Ask for one path after another over one connection."""

    def inside() -> list[int]:
        connection = HTTPConnection("192.0.2.1", port, timeout=10, source_address=(source, 0))
        found = []
        for path in paths:
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            found.append(answer.status)
        connection.close()
        return found

    return host.inside(inside)


def malformed(host: Host, port: int, times: int) -> None:
    def inside() -> None:
        for _ in range(times):
            with socket.create_connection(("192.0.2.1", port), 5) as sock:
                sock.sendall(b"GET /\r\nnonsense\r\n\r\n")
                sock.recv(100)

    host.inside(inside)


def bad_tftp(host: Host, port: int, sources: list[str], times: int) -> None:
    def inside() -> None:
        for source in sources:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((source, 0))
                for number in range(times):
                    sock.sendto(b"\0\1%d\0octet\0" % number, ("192.0.2.1", port))

    host.inside(inside)


def test_a_flood_is_counted_and_what_a_machine_does_is_told(tmp_path: Path) -> None:
    with lan(tmp_path) as site:
        began, before = time.monotonic(), len(lines(site))
        port = site.home.http
        assert site.server.inside(lambda: site.home.ask("PUT", f"/build/{HOST}").status) == 200
        sources = [f"192.0.2.{number}" for number in range(101, 111)]
        for source in sources:
            site.stranger.ip(f"addr add {source}/24 dev eth0")
            missing = [f"/files/{number}" for number in range(300)]
            assert set(ask(site.stranger, port, "GET", *missing, source=source)) == {404}
            managing = [f"/api/v1/machines/{number}" for number in range(30)]
            assert set(ask(site.stranger, port, "GET", *managing, source=source)) == {403}
        malformed(site.stranger, port, 100)
        bad_tftp(site.stranger, site.home.tftp, sources, 100)

        assert ask(site.machine, port, "GET", f"/ipxe/{MAC}") == [200]
        site.process.wait_for(re.compile(r"left out of the log: \d+ line\(s\) on refused"), 20)

        told, seconds = lines(site)[before:], time.monotonic() - began
        assert len(told) < 100 * (seconds + BURST)
        refused = [line for line in told if re.search(r'" 40[34], ', line)]
        assert 8 <= len(refused) <= 8 * (seconds + BURST + 1)
        assert [line for line in told if f'"GET /ipxe/{MAC}" 200' in line]
        assert [line for line in told if f"{HOST} (" in line and "script" in line]


def lines(site: Lan) -> list[str]:
    return site.process.text.splitlines()
