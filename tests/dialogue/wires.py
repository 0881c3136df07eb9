"""The network of a dialogue, in memory: TFTP's sockets, and connections of HTTP's."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.client import parse_headers
from io import BytesIO
from ipaddress import IPv4Address

from pyxie.tftp.batches import Failed, Heard, Name, Peer, Route, name_of
from pyxie.tftp.framing import PIECE, Run
from pyxie.tftp.session import Session
from tests.dhcp.sockets import FakeSocket
from tests.support import Clock

MTU_FITS = 1468
PATIENCE = 60.0
"""Seconds, of the computer's own: who is not answered within them has found a bug."""

_PKTINFO = (0, 8)


class Waiting:
    """Datagrams that wait to be read, and a counter for the event loop (eventfd(2))."""

    def __init__(self) -> None:
        self._datagrams: deque[bytes] = deque()
        self._count = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE | os.EFD_CLOEXEC)
        self.closed = asyncio.Event()

    def put(self, datagram: bytes) -> None:
        if not self.closed.is_set():
            self._datagrams.append(datagram)
            os.eventfd_write(self._count, 1)

    def take_one(self) -> bytes:
        os.eventfd_read(self._count)  # BlockingIOError, where there is none
        return self._datagrams.popleft()

    def fileno(self) -> int:
        return self._count

    def close(self) -> None:
        os.close(self._count)
        self.closed.set()


class TransferLine(Waiting):
    """Our end of transfers; a `pyxie.tftp.transferports.Line`."""

    def __init__(self, clients: Mapping[Name, asyncio.Queue[Datagram]]) -> None:
        super().__init__()
        self._clients = clients
        self._from: deque[Name] = deque()
        self._added: deque[tuple[Name, bytes]] = deque()

    def hear(self, name: Name, datagram: bytes) -> None:
        if not self.closed.is_set():
            self._from.append(name)
            self.put(datagram)

    def take(self) -> Heard:
        try:
            datagram = self.take_one()
        except BlockingIOError:
            return (), ()
        return [self._from.popleft()], [datagram]

    def reply(self, to: Sequence[Name], pieces: Sequence[bytes], /) -> tuple[int, OSError | None]:
        for name, piece in zip(to, pieces, strict=True):
            self._added.append((name, ctypes.string_at(*PIECE.unpack(piece))))
        return len(to), self.send()

    def add(
        self,
        of: Session,
        route: Route,
        run: Run,
        start: int,
        length: int,
        _first: int,
        count: int,
        /,
    ) -> bool:
        """Cut into segments as the kernel does (udp(7))."""
        data = run.data[start : start + length]
        segment = of.transfer.blksize + 4 if count > 1 else max(1, length)
        for at in range(0, length, segment):
            self._added.append((route.name, data[at : at + segment]))
        return True

    def send(self) -> OSError | None:
        while self._added:
            name, data = self._added.popleft()
            self._clients[name].put_nowait(Datagram(data, End(self, name)))
        return None

    def skip(self, _error: OSError, /) -> Failed:
        raise NotImplementedError

    def refused(self) -> list[Peer]:
        return []


@dataclass(frozen=True)
class End:
    """The server's end of one transfer."""

    line: TransferLine
    name: Name

    def put(self, datagram: bytes) -> None:
        """Send it a datagram."""
        self.line.hear(self.name, datagram)

    async def over(self) -> None:
        """Wait until the server is done with it, and all that go by the same port."""
        await self.line.closed.wait()


@dataclass(frozen=True)
class Datagram:
    """What a TFTP client hears, and which end it may answer, if any."""

    data: bytes
    by: End | None


class TftpWire(Waiting):
    """Port 69 of an address, and all clients' ports; opens the server's sockets."""

    def __init__(self, server: bytes, interface: int) -> None:
        super().__init__()
        self._arrival = struct.pack("=I4s4s", interface, server, server)
        self._clients: dict[Name, asyncio.Queue[Datagram]] = {}
        self._asked: deque[tuple[str, int]] = deque()

    def ask(self, client: tuple[str, int], request: bytes) -> asyncio.Queue[Datagram]:
        """Send a request from ``client``; what comes back goes into the queue."""
        heard = self._clients[name_of(client)] = asyncio.Queue()
        self._asked.append(client)
        self.put(request)
        return heard

    def listen(self, _host: str, _port: int, _single: bool) -> TftpWire:
        return self

    def opens(self, _local: IPv4Address) -> TransferLine:
        return TransferLine(self._clients)

    def fits(self, _local: str, _client: Peer) -> int:
        return MTU_FITS

    def getsockname(self) -> tuple[str, int]:
        return "0.0.0.0", 69

    def recvmsg(
        self, size: int, _ancillary_size: int, _flags: int = 0, /
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, tuple[str, int]]:
        datagram = self.take_one()[:size]
        return datagram, [(*_PKTINFO, self._arrival)], 0, self._asked.popleft()

    def sendmsg(
        self,
        buffers: Iterable[bytes | memoryview],
        _ancillary: Iterable[tuple[int, int, bytes]],
        _flags: int,
        address: tuple[str, int],
        /,
    ) -> int:
        whole = b"".join(buffers)
        self._clients[name_of(address)].put_nowait(Datagram(whole, None))
        return len(whole)


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: bytes = field(repr=False)
    headers: Message = field(compare=False, repr=False, default_factory=Message)

    @property
    def text(self) -> str:
        return self.body.decode()


class Connection(asyncio.Transport):
    """One connection to the HTTP server: its transport, and the client's end of it."""

    def __init__(
        self,
        factory: Callable[[], asyncio.Protocol],
        client: tuple[str, int],
        server: tuple[str, int],
    ) -> None:
        super().__init__({"peername": client, "sockname": server})
        self._host = "{}:{}".format(*server)
        self._heard = bytearray()
        self._news = asyncio.Event()
        self._closing = False
        self._protocol = factory()
        self._protocol.connection_made(self)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make a request, and read its answer; as firmware wants it, with its length told."""
        named = {"Host": self._host, "Content-Length": str(len(body)), **(headers or {})}
        if not body:
            del named["Content-Length"]
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {named[name]}" for name in named)]
        async with asyncio.timeout(PATIENCE):
            self._protocol.data_received("\r\n".join([*lines, "", ""]).encode() + body)
            while (end := self._heard.find(b"\r\n\r\n")) < 0:
                await self._more()
            head = BytesIO(await self._take(end + 4))
            status = int(head.readline().split()[1])
            told = parse_headers(head)
            assert "Transfer-Encoding" not in told, "firmware knows no chunks"
            length = 0 if method == "HEAD" else int(told.get("Content-Length", "0"))
            return Answer(status, await self._take(length), told)

    async def _take(self, size: int) -> bytes:
        while len(self._heard) < size:
            await self._more()
        taken = bytes(self._heard[:size])
        del self._heard[:size]
        return taken

    async def _more(self) -> None:
        if self._closing:
            raise ConnectionError(f"closed after {bytes(self._heard)!r}")
        self._news.clear()
        await self._news.wait()

    # From here on it is what aiohttp sees.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._heard += data
        self._news.set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._news.set()
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


@dataclass(frozen=True)
class Wires:
    """All that leads from a machine to pyxie, and the time on both."""

    dhcp: FakeSocket
    pxe: FakeSocket
    tftp: TftpWire
    connect: Callable[[str], Connection]
    clock: Clock
