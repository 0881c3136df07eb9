"""How fast TFTP is served on loopback, beside dnsmasq; run as root, for its port 69.

    python -m bench.tftp [--rounds 5] [--clients 32] [--megabytes 8]

pyxie as it is, pyxie with a single port, and dnsmasq run in every round, in turn, each in a
process of its own, and all clients in this one. Quoted are medians and their ratio: single
figures move with the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from pyxie.confined import find
from pyxie.events.kind import Kind
from pyxie.metrics import Metrics
from pyxie.tftp.packet import OptionAck, ReadRequest, ack, parse, read_request
from pyxie.tftp.server import TftpServer
from pyxie.tftp.source import Found

PYXIE_PORT = 10069
SINGLE_PORT = 10070
DNSMASQ_PORT = 69
BLKSIZE = 1468


class Client:
    """Fetches the file once and throws it away; says again what it has, if one is lost."""

    def __init__(self, port: int, window: int) -> None:
        options = {"blksize": str(BLKSIZE)}
        if window > 1:
            options["windowsize"] = str(window)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(10)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.sendto(read_request(ReadRequest("file", "octet", options)), ("127.0.0.1", port))
        datagram, tid = self.sock.recvfrom(2048)
        self.sock.connect(tid)
        packet = parse(datagram)
        assert isinstance(packet, OptionAck), packet
        assert packet.options["blksize"] == str(BLKSIZE), packet
        self.sock.setblocking(False)
        self.window = int(packet.options.get("windowsize", 1))
        self.block = 0
        self.size = 0
        self.done = False

    def hear(self, into: bytearray) -> None:
        """Take one datagram; kept short, for what it costs is taken from the server."""
        length = self.sock.recv_into(into)
        block = self.block + 1
        if into[2] << 8 | into[3] != block & 0xFFFF:
            self.sock.send(ack(self.block))
            return
        self.block = block
        self.size += length - 4
        if length < BLKSIZE + 4:
            self.done = True
        elif self.window > 1 and block % self.window:
            return
        into[1] = 4
        self.sock.send(memoryview(into)[:4])


def measure(port: int, window: int, clients: int, size: int) -> tuple[float, int]:
    """Return MB/s of all clients together, and the window that the server agreed to."""
    fetching = [Client(port, window) for _ in range(clients)]
    poll = select.epoll()
    began = time.perf_counter()
    by_number = {client.sock.fileno(): client for client in fetching}
    for number, client in by_number.items():
        poll.register(number, select.EPOLLIN)
        client.sock.send(ack(0))
    into = bytearray(2048)
    while by_number:
        ready = poll.poll(10)
        if not ready:
            sys.exit("the server fell silent")
        for number, _ in ready:
            client = by_number[number]
            client.hear(into)
            if client.done:
                del by_number[number]
                client.sock.close()
    seconds = time.perf_counter() - began
    assert [client.size for client in fetching] == [size] * clients
    return clients * size / seconds / 1e6, fetching[0].window


class Folder:
    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, name: str, local: IPv4Address, peer: IPv4Address) -> Found:  # noqa: ARG002
        return Found(path=find(self.root, name), what=name)


class Nobody:
    def record(
        self,
        what: Kind,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        pass


async def serve(root: Path, port: int) -> None:
    server = TftpServer(
        Folder(root),
        Nobody(),
        Metrics(),
        host="127.0.0.1",
        port=port,
        single_port=port == SINGLE_PORT,
    )
    async with server:
        await server.serve()


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a server until the block ends; it is up once it refuses a file."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.settimeout(0.1)
            while True:
                if process.poll() is not None:
                    sys.exit(f"{command[0]} ended by itself: is its port free, and are you root?")
                sock.sendto(read_request(ReadRequest("missing", "octet")), ("127.0.0.1", port))
                with contextlib.suppress(TimeoutError):
                    sock.recv(512)
                    break
        try:
            yield
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--megabytes", type=int, default=8, help="of the file each fetches")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=PYXIE_PORT, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        asyncio.run(serve(chosen.serve, chosen.port))
        return
    dnsmasq = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if dnsmasq is None:
        sys.exit("dnsmasq is missing: apt install dnsmasq-base")
    size = chosen.megabytes * 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "file").write_bytes(os.urandom(size))
        ours = [sys.executable, "-m", "bench.tftp", "--serve", folder]
        theirs = [
            *(dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0"),
            *("--pid-file=", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root"),
            *("--enable-tftp", f"--tftp-root={folder}", f"--tftp-max={chosen.clients + 8}"),
        ]
        single = [*ours, "--port", str(SINGLE_PORT)]
        with (
            running(ours, PYXIE_PORT),
            running(single, SINGLE_PORT),
            running(theirs, DNSMASQ_PORT),
        ):
            for window in (1, 16):
                speeds: dict[int, list[float]] = {PYXIE_PORT: [], SINGLE_PORT: [], DNSMASQ_PORT: []}
                windows = {}
                for _ in range(chosen.rounds):
                    for port, list_ in speeds.items():
                        speed, windows[port] = measure(port, window, chosen.clients, size)
                        list_.append(speed)
                mine, one, other = (statistics.median(list_) for list_ in speeds.values())
                print(
                    f"{chosen.clients} clients, window {window} asked:"
                    f" pyxie {mine:.0f} MB/s (window {windows[PYXIE_PORT]}),"
                    f" with a single port {one:.0f} MB/s,"
                    f" dnsmasq {other:.0f} MB/s (window {windows[DNSMASQ_PORT]}),"
                    f" ratio {mine / other:.2f}"
                )


if __name__ == "__main__":
    main()
