"""A TFTP server in this process on loopback, and what it is given and tells."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

import pyxie.tftp.apart
from pyxie.confined import find, normalise
from pyxie.errors import NotServedError
from pyxie.events.english import sentence
from pyxie.events.kind import Kind, Step
from pyxie.metrics import Metrics
from pyxie.tftp.apart import Apart, Starts
from pyxie.tftp.limits import Limits
from pyxie.tftp.opening import Finds, Ready
from pyxie.tftp.server import TftpServer
from pyxie.tftp.source import Found, ProbeError, Source
from tests.support import eventually

MAC = "52:54:00:12:34:56"


@dataclass
class Folder:
    """A Source of a folder's files, and of some that are made as they are asked for."""

    root: Path
    made: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, IPv4Address, IPv4Address]] = field(default_factory=list)

    def open(self, name: str, local: IPv4Address, peer: IPv4Address) -> Found:
        self.asked.append((name, local, peer))
        if name == "bug":
            raise ZeroDivisionError
        if name == "forbidden":
            raise PermissionError(13, "Permission denied")
        if name == "broken":
            raise OSError(5, "Input/output error")
        if name == "many":
            raise OSError(24, "Too many open files")
        if name == "probe":
            raise ProbeError(name, "no such file")
        if name == "gone":
            return Found(path=self.root / "gone", what=name)
        plain = normalise(name)
        if plain in self.made:
            return Found(data=self.made[plain], mac=MAC, what=plain)
        if plain == "":
            raise NotServedError(name, "a folder")
        return Found(path=find(self.root, plain), mac=MAC, what=plain)


@dataclass
class Trace:
    """A Recorder that keeps everything."""

    events: list[tuple[Step, str, str | None, str | None]] = field(default_factory=list)

    def record(
        self,
        what: Kind,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        assert host is None
        self.events.append((what.step, sentence(what), mac, peer))


@dataclass
class Lab:
    """What a test has at hand."""

    server: TftpServer
    folder: Folder
    trace: Trace
    metrics: Metrics

    def counted(self, outcome: str) -> float:
        return _sample(self.metrics.registry, "pyxie_tftp_transfers_total", outcome=outcome)

    async def quiet(self) -> None:
        """Wait until no transfer is in progress."""
        async with asyncio.timeout(60):
            await self.server._idle.wait()

    @property
    def apart(self) -> Apart:
        """The process for big transfers, if there is one."""
        apart = self.server._carriers._apart
        assert apart is not None
        return apart

    async def is_apart(self) -> None:
        """Have all transfers that begin go by the process for big ones."""
        self.apart._start()
        await eventually(lambda: self.apart._ready)

    def sample(self, name: str) -> float:
        return _sample(self.metrics.registry, name)


def _sample(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


@contextlib.asynccontextmanager
async def serving(
    root: Path,
    limits: Limits = Limits(),  # noqa: B008  (a value that nobody changes)
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    single_port: bool = False,
    serves: Callable[[int], bool] = lambda _: True,
    first: Finds | None = None,
    source: Source | None = None,
    ready: Ready = lambda _name, _peer: None,
    forks: Starts | None = None,
) -> AsyncIterator[Lab]:
    """Serve ``root`` on a free port of loopback."""
    folder, trace, metrics = Folder(root), Trace(), Metrics()
    server = TftpServer(
        source or folder,
        trace,
        metrics,
        host=host,
        port=port,
        single_port=single_port,
        limits=lambda: limits,
        serves=serves,
        first=first,
        ready=ready,
        forks=forks,
    )
    async with server:
        running = asyncio.create_task(server.serve())
        try:
            yield Lab(server, folder, trace, metrics)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


@contextlib.asynccontextmanager
async def all_apart(
    root: Path,
    forks: Starts,
    limits: Limits = Limits(),  # noqa: B008  (as above)
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Lab]:
    """Serve ``root``, all files by the process for big transfers, however small they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyxie.tftp.apart, "BIG", 0)
        async with serving(root, limits, host=host, port=port, forks=forks) as lab:
            await lab.is_apart()
            yield lab


class Client:
    """A UDP socket that speaks TFTP by hand."""

    def __init__(
        self, server: TftpServer, address: str = "127.0.0.1", sock: socket.socket | None = None
    ) -> None:
        self.to = (address, server.port)
        if sock is None:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(("127.0.0.1", 0))
        self.sock = sock
        self.sock.setblocking(False)

    def say(self, datagram: bytes, to: tuple[str, int] | None = None) -> None:
        self.sock.sendto(datagram, to or self.to)

    async def hear(self, patience: float = 5.0) -> tuple[bytes, tuple[str, int]]:
        """Return one datagram and where it is from."""
        with contextlib.suppress(BlockingIOError):
            return self.sock.recvfrom(65536)
        async with asyncio.timeout(patience):
            loop = asyncio.get_running_loop()
            return await loop.sock_recvfrom(self.sock, 65536)

    async def ask(self, datagram: bytes) -> bytes:
        self.say(datagram)
        return (await self.hear())[0]

    def hears_nothing(self) -> bool:
        """Whether nothing is waiting to be heard, now."""
        try:
            self.sock.recvfrom(65536)
        except BlockingIOError:
            return True
        return False

    async def fetch(self, request: bytes, blksize: int = 512, window: int = 1) -> bytearray:
        """Fetch a whole file, saying what a client says."""
        self.say(request)
        content = bytearray()
        block = 0
        while True:
            datagram, tid = await self.hear()
            if datagram[:2] == b"\0\6":
                self.say(b"\0\4\0\0", tid)
                continue
            assert datagram[:2] == b"\0\3", datagram
            if datagram[2:4] != ((block + 1) % 65536).to_bytes(2):
                continue
            block += 1
            content += memoryview(datagram)[4:]
            last = len(datagram) - 4 < blksize
            if last or block % window == 0:
                self.say(b"\0\4" + datagram[2:4], tid)
            if last:
                return content

    def close(self) -> None:
        self.sock.close()
