"""The daemon is stopped in the middle of everything: it ends in seconds, without a traceback."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.daemon import Home
from tests.http.site import HOST, MACHINE
from tests.lab.process import Process
from tests.support import until

TROUBLE = re.compile(r"Traceback|never retrieved|never awaited|ERROR")


def requests(token: str) -> list[str]:
    host = "Host: x\n"
    return [
        f"GET /images/big HTTP/1.1\n{host}\n",
        f"GET /boot/{HOST}/kernel/linux HTTP/1.1\n{host}\n",
        f"GET /api/v1/events?follow=1 HTTP/1.1\n{host}\n",
        f"PUT /build/before.internal HTTP/1.1\n{host}Content-Length: 0\n\n",
        f"PUT /build/m0.internal HTTP/1.1\n{host}Content-Length: 100\n\nkernel:",
        f"POST /failed/{HOST}/{token} HTTP/1.1\n{host}Content-Length: 100\n\nno dis",
        f"PUT /build/m0.internal HTTP/1.1\n{host}Transfer-Encoding: chunked\n\n5\nkern",
        "GET /ipxe/00:de",
        "",
    ]


AT_ONCE = 9
"""Machines whose hooks do not end."""


@contextmanager
def trickling() -> Iterator[int]:
    """Serve a file of which a byte comes each tenth of a second, to any number of clients."""
    over = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not over.wait(0.1):
                client.sendall(b"x")

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)


def machine(name: str, number: int, more: str, images: int) -> str:
    text = MACHINE.replace(HOST, name).replace("90:74:60", f"90:74:{number:02x}")
    return text.replace("files.internal:81", f"127.0.0.1:{images}") + more


def lay(home: Home, begun: Path, slow: int) -> list[str]:
    """Write machines with hooks that do not end; return the names of those for which they run.

    What they start holds their output open, in a session of its own that no kill reaches.
    """
    run = f"echo >> {begun}; setsid sleep 60 & trap '' TERM; sleep 60; sleep 60"
    hook = f'command: "{run}", shell: true, timeout_seconds: 120'
    written = {
        "before.internal": f"prebuild_commands: [{{{hook}}}]\n",
        "called.internal": f"postbuild_commands: [{{url: 'http://127.0.0.1:{slow}/'}}]\n",
        **{f"m{at}.internal": f"postbuild_commands: [{{{hook}}}]\n" for at in range(AT_ONCE)},
    }
    for number, (name, more) in enumerate(written.items()):
        file = home.folder / "machines" / f"{name}.yaml"
        file.write_text(machine(name, number, more, slow))
    return [name for name in written if name != "before.internal"]


def asked(home: Home, wanted: Iterable[str], held: ExitStack) -> None:
    """Make requests that are answered slowly, or not before they are whole; read no answer."""
    for request in wanted:
        line = held.enter_context(socket.create_connection(("127.0.0.1", home.http), 10))
        line.sendall(request.replace("\n", "\r\n").encode())


class TestStopping:
    @pytest.mark.slow
    def test_in_the_middle_of_everything_takes_seconds_and_no_traceback(
        self, tmp_path: Path
    ) -> None:
        begun = tmp_path / "begun"
        with ExitStack() as held:
            slow = held.enter_context(trickling())
            home = Home(tmp_path, machine=machine(HOST, 255, "", slow))
            names = lay(home, begun, slow)
            with (tmp_path / "images/big").open("wb") as file:
                file.truncate(256 << 20)
            process = held.enter_context(home.running())
            token = home.build()
            for name in names:
                home.get(f"/done/{name}/{home.build(name)}")
            asked(home, requests(token), held)
            until(lambda: begun.exists() and begun.read_text().count("\n") >= 9, "hooks")

            process.signal(signal.SIGTERM)

            began = time.monotonic()
            assert process.wait_exit(100) == 0
            assert time.monotonic() - began < 25
            assert process.text.splitlines()[-1].endswith(" stopped")
            assert troubles(process) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
    def test_is_over_at_once_when_it_is_told_twice(
        self, tmp_path: Path, number: signal.Signals
    ) -> None:
        home = Home(tmp_path)
        with ExitStack() as held:
            process = held.enter_context(home.running())
            asked(home, ["GET /api/v1/events?follow=1 HTTP/1.1\nHost: x\n\n"], held)
            process.signal(number)
            process.wait_for("stopping;", 60)

            process.signal(number)

            assert process.wait_exit(10) == -number
            assert troubles(process) == []

    @pytest.mark.parametrize("at", ["serving lo", "are known", "serves; DHCP", "HTTP on port"])
    def test_during_the_start_is_no_trouble_either(self, tmp_path: Path, at: str) -> None:
        home = Home(tmp_path)
        with home.start() as process:
            process.wait_for(at, 60)

            process.signal(signal.SIGTERM)

            assert process.wait_exit(10) in (0, -signal.SIGTERM)
            assert troubles(process) == []


def troubles(process: Process) -> list[str]:
    return [line for line in process.text.splitlines() if TROUBLE.search(line)]
