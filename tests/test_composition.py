"""A whole daemon's servers, composed as they are, while ``config.yaml`` is read again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import pytest

from pyxie.composition import Daemon, compose
from pyxie.config.live import LiveSettings
from pyxie.config.settings import load_marked
from pyxie.dhcp.server import DhcpServer
from pyxie.service import Service
from pyxie.tftp.packet import Ack, Data, OptionAck, Refusal, parse
from pyxie.tftp.server import TftpServer
from tests.daemon import free_port
from tests.dhcp.packets import discover
from tests.dhcp.sockets import FakeSocket
from tests.http.site import lay
from tests.workers.threads import Threads

S = TypeVar("S", bound=Service)


@dataclass
class Site:
    """A daemon that is composed, and its settings' file."""

    file: Path
    base: str
    daemon: Daemon

    async def reload(self, more: str) -> None:
        self.file.write_text(self.base + more)
        assert await self.daemon.settings.reload()
        self.daemon.interfaces.refresh()

    def service(self, kind: type[S]) -> S:
        return next(each for each in self.daemon.services if isinstance(each, kind))


def composed(folder: Path, more: str = "", *, dhcp: str = "'off'") -> Site:
    """Compose a daemon on loopback."""
    port = free_port(socket.SOCK_DGRAM)
    base = f"state: state/x.sqlite\ntftp: {{port: {port}}}\n"
    if "dhcp:" not in more:
        base += f"dhcp: {{mode: {dhcp}}}\n"
    file = lay(folder, config=base + more)
    return Site(file, base, compose(LiveSettings(file, *load_marked(file)), Threads()))


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[None]:
    async with service:
        running = asyncio.create_task(service.serve())
        await asyncio.sleep(0)
        yield
        running.cancel()
        await asyncio.wait([running])


class Client:
    """A TFTP client that asks and waits."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def asks(self, **options: str) -> Data | OptionAck | Ack | Refusal:
        """Ask for the loader; return the first packet that comes."""
        loop = asyncio.get_running_loop()
        words = ["ours.kpxe", "octet", *(word for pair in options.items() for word in pair)]
        request = b"\0\1" + b"".join(word.encode() + b"\0" for word in words)
        await loop.sock_sendto(self._socket, request, ("127.0.0.1", self._port))
        async with asyncio.timeout(60):
            raw, _ = await loop.sock_recvfrom(self._socket, 70_000)
        found = parse(raw)
        assert isinstance(found, Data | OptionAck | Ack | Refusal)
        return found


class TestTftp:
    async def test_follows_its_limits(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.rate.SLOW", 0.0)  # so nobody makes room for another
        site = composed(tmp_path, "interfaces: [lo]\n")
        (tmp_path / "ipxe/ours.kpxe").write_bytes(b"x" * 5000)
        port = site.daemon.settings().tftp.port
        wishes = {"blksize": "1400", "windowsize": "16"}
        async with site.daemon.interfaces, serving(site.service(TftpServer)):
            with Client(port) as one, Client(port) as two, Client(port) as three:
                assert await one.asks(**wishes) == OptionAck(wishes)

                await site.reload(
                    "interfaces: [lo]\nlimits: {tftp_blksize: 600, tftp_windowsize: 2}\n"
                )
                assert await two.asks(**wishes) == OptionAck({"blksize": "600", "windowsize": "2"})

                for limit in ("tftp_per_address", "tftp_total"):
                    await site.reload(f"interfaces: [lo]\nlimits: {{{limit}: 2}}\n")
                    refused = await three.asks()
                    assert isinstance(refused, Refusal)
                    assert refused.message == "busy: too many transfers"

                await site.reload("interfaces: [lo]\n")
                assert await three.asks(**wishes) == OptionAck(wishes)

    async def test_follows_the_folder_of_the_loaders(self, tmp_path: Path) -> None:
        site = composed(tmp_path, "interfaces: [lo]\n")
        (tmp_path / "ipxe2").mkdir()
        (tmp_path / "ipxe2/ours.kpxe").write_bytes(b"loader")
        async with site.daemon.interfaces, serving(site.service(TftpServer)):
            with Client(site.daemon.settings().tftp.port) as client:
                assert isinstance(await client.asks(), Refusal)

                await site.reload("interfaces: [lo]\nipxe: ipxe2\n")

                assert await client.asks() == Data(1, b"loader")


class TestInterfaces:
    async def test_are_those_of_the_settings_of_now(self, tmp_path: Path) -> None:
        site = composed(tmp_path)
        async with site.daemon.interfaces as watch:
            assert not watch.current.served(1)

            await site.reload("interfaces: [lo, nope0]\n")
            assert watch.current.served(1)
            assert set(watch.current.missing) == {"nope0"}

            await site.reload("interfaces: [nope0]\n")
            assert not watch.current.served(1)


class TestDhcp:
    async def test_answers_or_observes_and_counts_as_the_settings_of_now_say(
        self, tmp_path: Path
    ) -> None:
        build = "unknown: x\nbuild_types: {x: {kernel: k}}\ninterfaces: [lo]\n"
        site = composed(tmp_path, f"{build}dhcp: {{mode: observe}}\n")
        (tmp_path / "ipxe/undionly.kpxe").write_bytes(b"loader")
        (tmp_path / "ipxe/ipxe.efi").write_bytes(b"loader")
        site.daemon.loaders.refresh()
        server, sockets = site.service(DhcpServer), (FakeSocket(67), FakeSocket(4011))
        server._opener = lambda _bind: sockets
        server._clock = lambda: 1.0
        heard = sockets[0]

        async def offers(count: int) -> int:
            """Deliver so many DISCOVERs; return how many were answered."""
            heard.sent.clear()
            for _ in range(count):
                heard.deliver(discover(0), interface=1)
            async with asyncio.timeout(60):
                while not heard.idle or server.waiting:  # noqa: ASYNC110 - lets the loop run
                    await asyncio.sleep(0)
            return len(heard.sent)

        async with site.daemon.interfaces, serving(server):
            assert await offers(2) == 0

            await site.reload(f"{build}dhcp: {{mode: answer}}\n")
            assert await offers(2) == 2

            await site.reload(f"{build}limits: {{dhcp_per_mac: 1}}\n")
            assert await offers(3) == 1

            await site.reload(f"{build}dhcp: {{mode: observe}}\n")
            assert await offers(1) == 0

            await site.reload("interfaces: [lo]\ndhcp: {mode: answer}\n")
            assert await offers(1) == 0  # 'unknown' is 'ignore'
