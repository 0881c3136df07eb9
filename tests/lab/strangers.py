"""What hostile hosts do over HTTP and TFTP, each kind until it is ended.

    python -m tests.lab.strangers KIND SERVER [ARGUMENT...]

The kinds are the keys of `KINDS`. They take turns of a second and of so many requests, and so
are bounded in load; each begins by itself and answers nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from pyxie.tftp.packet import ReadRequest, read_request

PORT = 8090
EACH = 600
"""Connections that are tried from each address."""
LINES = 4
"""Connections that ask over and over."""
AGAIN = 100
"""Connections a second that are opened where one is missing."""
ASKED = 500
"""Requests a second, at most, of each that asks over and over."""

WORST: Final = (
    "{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}"
    "{% set x = i * j * k %}{% endfor %}{% endfor %}{% endfor %}"
)
"""A template without an end."""
BODIES: Final = (
    "params: {a: &a [" + "x," * 200_000 + "]}\n",
    "[" * 400_000,
    "{" * 300_000,
    "a: &a [x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a]\n" for n in range(60_000)),
    "params:\n" + "".join(f"  k{n}: v\n" for n in range(80_000)),
    '"' + "\\u0041" * 160_000 + '"',
)
"""Bodies of about a megabyte."""


def hold(server: str, *addresses: str) -> None:
    """Hold as many connections as there may be, with an answer on each that is never read.

    They are opened, and those that are cut off again, some `AGAIN` a second.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    watch = select.epoll()
    held: dict[int, tuple[socket.socket, str]] = {}
    each = dict.fromkeys(addresses, 0)
    asked = f"GET /images/linux HTTP/1.1\r\nHost: {server}\r\n\r\n".encode()
    while True:
        for address in addresses:
            for _ in range(min(EACH - each[address], AGAIN // len(addresses) or 1)):
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                sock.bind((address, 0))
                sock.settimeout(0.5)
                try:
                    sock.connect((server, PORT))
                    sock.sendall(asked)
                except OSError:
                    sock.close()
                    continue
                held[sock.fileno()] = sock, address
                each[address] += 1
                watch.register(sock, select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP)
        time.sleep(1.0)
        for number, _ in watch.poll(0):
            sock, address = held.pop(number)
            each[address] -= 1
            sock.close()
        print(len(held), flush=True)


def _over_and_over(server: str, ask: Callable[[http.client.HTTPConnection, int], None]) -> None:
    def line(first: int) -> None:
        at = first
        while True:
            connection = http.client.HTTPConnection(server, PORT, timeout=60)
            with contextlib.suppress(OSError, http.client.HTTPException):
                while True:
                    ask(connection, at)
                    connection.getresponse().read()
                    at += LINES
                    time.sleep(LINES / ASKED)
            connection.close()
            time.sleep(0.05)

    for first in range(LINES):
        threading.Thread(target=line, args=(first,), daemon=True).start()


def names(server: str) -> None:
    """Ask for names that are not there, over HTTP and TFTP."""
    _over_and_over(server, lambda line, at: line.request("GET", f"/images/missing-{at}"))
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    at = 0
    while True:
        asker.sendto(read_request(ReadRequest(f"Missing-{at}.EFI", "octet")), (server, 69))
        at += 1
        time.sleep(1 / ASKED)


def render(server: str, token: str, host: str, mac: str) -> None:
    """Have the worst template rendered, with a token that may build, and its machine ask."""

    def build(line: http.client.HTTPConnection, at: int) -> None:
        if at % 2:
            line.request("GET", f"/ipxe/{mac}")
            return
        body = json.dumps({"cmdline": WORST})
        headers = {"Authorization": f"Bearer {token}"}
        line.request("PUT", f"/build/{host}?replace=true", body, headers)

    _over_and_over(server, build)
    threading.Event().wait()


def bodies(server: str, token: str, host: str) -> None:
    """Post the worst bodies, with a token that may build."""

    def post(line: http.client.HTTPConnection, at: int) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        line.request("PUT", f"/build/{host}", BODIES[at % len(BODIES)], headers)

    _over_and_over(server, post)
    threading.Event().wait()


KINDS: Final[dict[str, Callable[..., None]]] = {
    "hold": hold,
    "names": names,
    "render": render,
    "bodies": bodies,
}


def main() -> None:
    """Do as the command line says."""
    kind, *arguments = sys.argv[1:]
    KINDS[kind](*arguments)


if __name__ == "__main__":
    main()
