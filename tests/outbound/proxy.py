"""A forward proxy on loopback, which knows names that nobody else can resolve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class ForwardProxy:
    """Where it is, and what it was asked.

    Attributes:
        names: The port on loopback where a host and port really are, as ``files.invalid:80``.
        status: What it answers instead of forwarding; empty to forward.
        asked: The first line of each request.
        authorized: ``Proxy-Authorization`` of each; empty for none.
    """

    names: Mapping[str, int]
    status: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    authorized: list[str] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        self.asked.append(first)
        self.authorized.append(headers.pop("proxy-authorization", ""))
        if self.status:
            writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\n\r\n".encode())
            return True
        method, target, _ = first.split(" ")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        port = self.names[f"{parts.hostname}:{parts.port or 80}"]
        there, back = await asyncio.open_connection("127.0.0.1", port)
        self.writers.append(back)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = target.partition(parts.netloc)[2] or "/"
            headers["connection"] = "close"
            said = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name)
            back.write(f"{method} {path} HTTP/1.1\r\n{said}\r\n".encode())
        up = asyncio.create_task(_pump(reader, back))
        self.tasks.add(up)
        await _pump(there, writer)
        up.cancel()
        back.close()
        return False


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def forward_proxy(
    names: Mapping[str, int] | None = None, status: str = ""
) -> AsyncIterator[ForwardProxy]:
    """Serve on a free port; the arguments are as of `ForwardProxy`."""
    there = ForwardProxy(names or {}, status)
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    async with server:
        there.port = server.sockets[0].getsockname()[1]
        yield there
        for task in there.tasks:
            task.cancel()
        await asyncio.gather(*there.tasks, return_exceptions=True)
        for writer in there.writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
