"""Clients that ask for an image and never read it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.daemon import Home
from tests.http.site import HOST, MACHINE

CLIENTS = 200
SIZE = 256 << 20
MOST_EACH = 90
"""kB, of which thirty are what any streamed request takes; it was 1,250."""


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a large file, as fast as it is taken."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE >> 16):
            writer.write(bytes(1 << 16))
            await writer.drain()
    writer.close()


def resident(pid: int) -> int:
    """Return how much memory a process has, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


async def test_two_hundred_that_never_read_take_little_memory_each(tmp_path: Path) -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=CLIENTS)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    home = Home(tmp_path, machine=MACHINE.replace("http://files.internal:81/bookworm/amd64/", url))
    request = f"GET /boot/{HOST}/kernel/linux HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    async with server:
        with home.running() as process, ExitStack() as held:
            await asyncio.to_thread(home.build)
            before = resident(process.pid)
            for _ in range(CLIENTS):
                client = socket.create_connection(("127.0.0.1", home.http), 5)
                held.enter_context(client).sendall(request)
            most = 0
            for _ in range(12):  # so that what can fill is full
                await asyncio.sleep(1)
                most = max(most, resident(process.pid))

            each = (most - before) / CLIENTS

            assert each < MOST_EACH
            assert (await asyncio.to_thread(home.get, "/health")).status == 200


def test_what_is_sent_ahead_of_an_answer_that_nobody_reads_is_not_kept(tmp_path: Path) -> None:
    """It was 15 MB for each connection, and one address may have 256 of them."""
    home = Home(tmp_path)
    with (home.folder / "images/large").open("wb") as file:
        file.truncate(1 << 30)
    ahead = b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + bytes(500_000)

    with home.running() as process, ExitStack() as stack:
        before = resident(process.pid)
        for _ in range(20):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(0.3)
            sock.connect(("127.0.0.1", home.http))
            sock.sendall(b"GET /images/large HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(1, socket.MSG_PEEK)
            with suppress(TimeoutError):
                for _ in range(31):
                    sock.sendall(ahead)

        assert resident(process.pid) - before < 50 << 10
