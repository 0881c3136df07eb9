"""How far a file has come: told while it is sent, by the kernel's own count."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from pyxie.events.event import Event
from pyxie.http.progress import acked
from tests.http.site import ALL_LOCAL, HOST, LOCAL, MACHINE, Served, lay, serving
from tests.http.upstream import mirror

LARGE = 64 << 20


async def slowly(served: Served, path: str) -> Event:
    """Fetch a file, leave most of it unread, and return the first word of its progress."""
    with served.parts.trace.follow(progress=True) as queue:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 << 10)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", served.server.port))
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            async with asyncio.timeout(60):
                while True:
                    await reader.read(64 << 10)
                    await asyncio.sleep(0.02)
                    while not queue.empty():
                        event = queue.get_nowait()
                        if event.what.passing:
                            return event
        finally:
            writer.close()


async def test_a_file_of_ours_is_counted_by_what_the_client_has(tmp_path: Path) -> None:
    lay(tmp_path, config=ALL_LOCAL, machine=LOCAL)
    (tmp_path / "images/deb").mkdir()
    for name in ("deb/linux", "deb/initrd.gz", "firmware.cpio"):
        with (tmp_path / "images" / name).open("wb") as file:
            file.truncate(LARGE)
    async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
        await served.build()

        event = await slowly(served, f"/boot/{HOST}/kernel/linux")

        assert (event.code, event.host, event.peer) == ("image.progress", HOST, "127.0.0.1")
        assert event.data["part"] == "kernel"
        assert event.data["total"] == LARGE
        assert 64 << 10 < event.data["sent"] < LARGE


async def test_a_loader_is_counted_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        with (tmp_path / "ipxe/ipxe.efi").open("wb") as file:
            file.truncate(LARGE)

        event = await slowly(served, "/loader/00-de-ad-90-74-60/ipxe.efi")

        assert event.code == "http.progress"
        assert event.data["name"] == "ipxe.efi"
        assert 64 << 10 < event.data["sent"] < LARGE


async def test_a_mirrors_stream_is_counted_by_what_was_passed_on(tmp_path: Path) -> None:
    async with mirror({"linux": bytes(LARGE)}) as there:
        machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", there.url)
        async with serving(tmp_path, machine=machine) as served:
            await served.build()

            event = await slowly(served, f"/boot/{HOST}/kernel/linux")

    assert (event.code, event.host) == ("image.progress", HOST)
    assert (event.data["part"], event.data["total"]) == ("kernel", LARGE)
    assert 64 << 10 < event.data["sent"] < LARGE


def test_where_the_kernel_does_not_count_nothing_is_told() -> None:
    one, other = socket.socketpair()  # no TCP
    with one, other:
        assert acked(one) is None
    assert acked(None) is None
